package gong

import (
	"bytes"
	"encoding/base64"
	"errors"
	"strings"
	"unicode"
)

// Credential is an access key with its secret, or a token.
type Credential struct {
	AccessKey, AccessKeySecret string // sent as Basic
	Token                      string // sent as Bearer, in place of a key
}

// String shows nothing: a credential that is printed by mistake stays secret.
func (Credential) String() string { return "(a credential)" }

// GoString is String.
func (c Credential) GoString() string { return c.String() }

// check refuses what a header can't carry, such as the line end of a file.
func (c Credential) check() error {
	if strings.ContainsFunc(c.AccessKey+c.AccessKeySecret+c.Token, unicode.IsControl) {
		return errors.New("gong: the credential has a line end or another control character; remove it")
	}
	return nil
}

// shortestHidden keeps hide from taking a word of an answer for a secret.
const shortestHidden = 8

// hide removes the credential from an answer that repeats its request, as some proxies do.
func (c Credential) hide(answer []byte) []byte {
	basic := base64.StdEncoding.EncodeToString([]byte(c.AccessKey + ":" + c.AccessKeySecret))
	for _, secret := range []string{c.Token, c.AccessKeySecret, basic} {
		if len(secret) < shortestHidden {
			continue
		}
		for _, written := range []string{secret, strings.ReplaceAll(secret, "/", `\/`)} {
			answer = bytes.ReplaceAll(answer, []byte(written), []byte("xxxxx"))
		}
	}
	return answer
}
