// Package certificate reads a TLS certificate and its key from two files and
// follows them as they change, so that a server takes a new certificate without
// being started again.
package certificate

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"os"
)

// Files are the two files of a certificate, in PEM. They may be one file.
type Files struct {
	Certificate string // the server's own first, then those that lead to its root
	Key         string // not encrypted
}

// maxFile is the most that is read of a file: a certificate with all that lead
// to its root has a few thousand bytes.
const maxFile = 1 << 20

// Read reads a certificate, its leaf parsed, and the key that it must match. An
// error names the files and shows nothing of what is in them.
func Read(files Files) (*tls.Certificate, error) {
	c, err := read(files)
	if err != nil {
		return nil, err
	}
	return c.parse(files)
}

// content is what is in the files.
type content struct{ certificate, key []byte }

func read(files Files) (c content, err error) {
	if c.certificate, err = readFile(files.Certificate); err != nil {
		return c, fmt.Errorf("read the certificate: %w", err)
	}
	if c.key, err = readFile(files.Key); err != nil {
		return c, fmt.Errorf("read the key: %w", err)
	}
	return c, nil
}

func (c content) parse(files Files) (*tls.Certificate, error) {
	pair, err := tls.X509KeyPair(c.certificate, c.key)
	if err != nil {
		return nil, fmt.Errorf("certificate %s, key %s: %w", files.Certificate, files.Key, err)
	}
	return &pair, nil
}

// readFile is os.ReadFile of files alone: a pipe would keep whoever reads it
// waiting, and a device has no end.
func readFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, &os.PathError{Op: "read", Path: path, Err: errors.New("it is no file")}
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(text) > maxFile {
		err = &os.PathError{Op: "read", Path: path, Err: fmt.Errorf("it has more than %d bytes", maxFile)}
	}
	return text, err
}
