package upstream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
	"slices"
	"strings"
	"unicode"

	"github.com/callvault/callvault/gong"
)

// Variables name the environment variables of a credential for any server.
var Variables = []string{variableKey, variableSecret, variableToken}

// Those of Gong's clients are sent to Gong alone: another server may be anybody's.
const (
	variableKey        = "CALLVAULT_ACCESS_KEY"
	variableSecret     = "CALLVAULT_ACCESS_KEY_SECRET"
	variableToken      = "CALLVAULT_TOKEN"
	variableGongKey    = "GONG_ACCESS_KEY"
	variableGongSecret = "GONG_ACCESS_KEY_SECRET"
)

// Advice says how to give a credential.
const Advice = "set " + variableKey + " and " + variableSecret + ", or " + variableToken +
	", or put what 'callvault key create' prints into a file and name it with --credentials"

// gongAdvice is for a host of Gong's, whose keys callvault does not make.
const gongAdvice = "set " + variableGongKey + " and " + variableGongSecret + ", or " + variableToken

// FindCredential finds the credential for a host in an environment.
func FindCredential(env func(string) (string, bool), host string) (gong.Credential, error) {
	value := func(name string) string {
		text, _ := env(name)
		return text
	}
	found := gong.Credential{AccessKey: value(variableKey), AccessKeySecret: value(variableSecret), Token: value(variableToken)}
	advice := Advice
	if found == (gong.Credential{}) && gong.IsGongHost(host) {
		found, advice = gong.Credential{AccessKey: value(variableGongKey), AccessKeySecret: value(variableGongSecret)}, gongAdvice
	}
	if found == (gong.Credential{}) && value(variableGongKey) != "" {
		return found, fmt.Errorf("%s is only for hosts of gong.io; for %s set %s and %s", variableGongKey, host, variableKey, variableSecret)
	}
	if found == (gong.Credential{}) {
		return found, errors.New("the server needs a credential; " + advice)
	}
	if err := checkCredential(found); err != nil {
		return gong.Credential{}, fmt.Errorf("the server needs a credential: %w; %s", err, advice)
	}
	return found, nil
}

// checkCredential refuses what is not one credential.
func checkCredential(c gong.Credential) error {
	switch {
	case c == gong.Credential{}:
		return errors.New("it has no credential")
	case c.Token != "" && c != gong.Credential{Token: c.Token}:
		return errors.New("both an access key and a token are set; leave one out")
	case c.Token == "" && c.AccessKey == "":
		return errors.New("a secret is set without its access key")
	case c.Token == "" && c.AccessKeySecret == "":
		return errors.New("an access key is set without its secret")
	}
	return nil
}

// maxCredential is more than a file of a credential has, in bytes.
const maxCredential = 64 << 10

// ReadCredential reads a file as 'callvault key create' prints it: lines of a name and a
// value, or JSON. It refuses a file that others may read. No error repeats the content, nor
// a path that can't be opened, which may be the credential itself.
func ReadCredential(ctx context.Context, path string) (gong.Credential, error) {
	var credential gong.Credential
	var err error
	done := make(chan struct{})
	go func() { // opening or reading a pipe waits for its writer
		defer close(done)
		credential, err = readCredential(path)
	}()
	select {
	case <-done:
		return credential, err
	case <-ctx.Done():
		return gong.Credential{}, ctx.Err()
	}
}

func readCredential(path string) (gong.Credential, error) {
	f, err := os.Open(path)
	if on := (*fs.PathError)(nil); errors.As(err, &on) {
		return gong.Credential{}, fmt.Errorf("%w; name a file that holds what 'callvault key create' prints", on.Err)
	}
	if err != nil {
		return gong.Credential{}, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return gong.Credential{}, err
	}
	if info.IsDir() {
		return gong.Credential{}, fmt.Errorf("%s is a folder; name a file that holds what 'callvault key create' prints", path)
	}
	if mode := info.Mode(); mode.IsRegular() && mode.Perm()&0o077 != 0 && runtime.GOOS != "windows" {
		return gong.Credential{}, fmt.Errorf("others may read %s (its mode is %04o); make it private: chmod 600 %[1]s", path, mode.Perm())
	}
	content, err := io.ReadAll(io.LimitReader(f, maxCredential))
	if err != nil {
		return gong.Credential{}, err
	}
	found, err := parseCredential(string(content))
	if err == nil {
		err = checkCredential(found)
	}
	if err != nil {
		return gong.Credential{}, fmt.Errorf("%s: %w; it must hold what 'callvault key create' prints", path, err)
	}
	return found, nil
}

// parseCredential reads names and values, in lines or as JSON: none of them has a character
// that JSON escapes.
func parseCredential(content string) (c gong.Credential, err error) {
	words := strings.FieldsFunc(content, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(`{}",:`, r) })
	if len(words)%2 == 1 {
		return c, errors.New("it is not a list of names and values")
	}
	for pair := range slices.Chunk(words, 2) {
		switch pair[0] {
		case "accessKey":
			c.AccessKey = pair[1]
		case "accessKeySecret":
			c.AccessKeySecret = pair[1]
		case "token":
			c.Token = pair[1]
		default:
			return c, errors.New("it has a name other than accessKey, accessKeySecret and token")
		}
	}
	return c, nil
}
