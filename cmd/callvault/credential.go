package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"runtime"
	"strings"

	"github.com/callvault/callvault/gong"
)

// Where a credential is found in the environment. Those of Gong's clients are sent
// to Gong alone: the server that --url names may be anybody's.
const (
	variableKey        = "CALLVAULT_ACCESS_KEY"
	variableSecret     = "CALLVAULT_ACCESS_KEY_SECRET"
	variableToken      = "CALLVAULT_TOKEN"
	variableGongKey    = "GONG_ACCESS_KEY"
	variableGongSecret = "GONG_ACCESS_KEY_SECRET"
)

const acceptedCredentials = "accepted are " + variableKey + " with " + variableSecret + ", or " + variableToken +
	", in the environment, and --credentials FILE with what 'callvault key create' prints"

// credential finds who asks a server: in a file when one is named, otherwise in the
// environment.
func (a *app) credential(file string, server *url.URL) (gong.Credential, error) {
	if file != "" {
		return readCredential(file)
	}
	value := func(name string) string {
		text, _ := a.env(name)
		return text
	}
	found := gong.Credential{AccessKey: value(variableKey), AccessKeySecret: value(variableSecret), Token: value(variableToken)}
	host := strings.ToLower(server.Hostname())
	if found == (gong.Credential{}) && (host == "gong.io" || strings.HasSuffix(host, ".gong.io")) {
		found = gong.Credential{AccessKey: value(variableGongKey), AccessKeySecret: value(variableGongSecret)}
	}
	if found == (gong.Credential{}) && value(variableGongKey) != "" {
		return found, usagef("%s is set, but is sent to hosts of gong.io alone; for %s set %s and %s", variableGongKey, server.Hostname(), variableKey, variableSecret)
	}
	if err := checkCredential(found); err != nil {
		return gong.Credential{}, usagef("the server wants a credential: %w; %s", err, acceptedCredentials)
	}
	return found, nil
}

// checkCredential refuses what is not one credential.
func checkCredential(c gong.Credential) error {
	switch hasKey := c.AccessKey != "" || c.AccessKeySecret != ""; {
	case !hasKey && c.Token == "":
		return errors.New("there is none")
	case hasKey && c.Token != "":
		return errors.New("there are an access key and a token, of which only one can be meant")
	case hasKey && c.AccessKey == "":
		return errors.New("there is a secret without its access key")
	case hasKey && c.AccessKeySecret == "":
		return errors.New("there is an access key without its secret")
	}
	return nil
}

// maxCredential is more than a file of a credential has, in bytes.
const maxCredential = 64 << 10

// readCredential reads a file as 'callvault key create' prints it, in lines of a
// name and a value, or as JSON. One that others may read is refused, where files
// have such rights; a pipe is read as it comes.
func readCredential(path string) (gong.Credential, error) {
	f, err := os.Open(path)
	if err != nil {
		return gong.Credential{}, fmt.Errorf("--credentials: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return gong.Credential{}, fmt.Errorf("--credentials: %w", err)
	}
	if mode := info.Mode(); mode.IsRegular() && mode.Perm()&0o077 != 0 && runtime.GOOS != "windows" {
		return gong.Credential{}, fmt.Errorf("--credentials: others may read %s (its mode is %04o); make it yours alone: chmod 600 %[1]s", path, mode.Perm())
	}
	content, err := io.ReadAll(io.LimitReader(f, maxCredential))
	if err != nil {
		return gong.Credential{}, fmt.Errorf("--credentials: %w", err)
	}
	found, err := parseCredential(string(content))
	if err == nil {
		err = checkCredential(found)
	}
	if err != nil {
		return gong.Credential{}, fmt.Errorf("--credentials %s: %w; accepted is what 'callvault key create' prints", path, err)
	}
	return found, nil
}

// parseCredential reads the content of such a file. No error repeats any of it.
func parseCredential(content string) (c gong.Credential, err error) {
	fields := map[string]string{}
	if strings.HasPrefix(strings.TrimSpace(content), "{") {
		if json.Unmarshal([]byte(content), &fields) != nil {
			return c, errors.New("it is not a JSON object of texts")
		}
	} else {
		number := 0
		for line := range strings.Lines(content) {
			number++
			words := strings.Fields(line)
			if len(words) == 0 {
				continue
			}
			if len(words) != 2 {
				return c, fmt.Errorf("line %d is not a name and a value", number)
			}
			fields[words[0]] = words[1]
		}
	}
	for name, value := range fields {
		switch name {
		case "accessKey":
			c.AccessKey = value
		case "accessKeySecret":
			c.AccessKeySecret = value
		case "token":
			c.Token = value
		default:
			return c, errors.New("it has a name that is none of accessKey, accessKeySecret and token")
		}
	}
	return c, nil
}
