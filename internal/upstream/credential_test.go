package upstream

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/callvault/callvault/gong"
)

// A credential comes from the environment; those of Gong's clients go to Gong alone.
func TestCredentialOfTheEnvironment(t *testing.T) {
	gongs := map[string]string{"GONG_ACCESS_KEY": "gk", "GONG_ACCESS_KEY_SECRET": "gs"}
	ours := map[string]string{"CALLVAULT_ACCESS_KEY": "k", "CALLVAULT_ACCESS_KEY_SECRET": "s", "GONG_ACCESS_KEY": "gk", "GONG_ACCESS_KEY_SECRET": "gs"}
	for _, tt := range []struct {
		env       map[string]string
		url       string
		want      gong.Credential
		wantError string
	}{
		{ours, "https://us-1.api.gong.io", gong.Credential{AccessKey: "k", AccessKeySecret: "s"}, ""},
		{ours, "http://127.0.0.1", gong.Credential{AccessKey: "k", AccessKeySecret: "s"}, ""},
		{map[string]string{"CALLVAULT_TOKEN": "t"}, "http://127.0.0.1", gong.Credential{Token: "t"}, ""},
		{gongs, "https://us-1.api.GONG.io:443", gong.Credential{AccessKey: "gk", AccessKeySecret: "gs"}, ""},
		{gongs, "https://gong.io", gong.Credential{AccessKey: "gk", AccessKeySecret: "gs"}, ""},
		{gongs, "https://gong.io.example.com", gong.Credential{}, "is only for hosts of gong.io"},
		{gongs, "https://notgong.io", gong.Credential{}, "is only for hosts of gong.io"},
		{gongs, "http://127.0.0.1", gong.Credential{}, "is only for hosts of gong.io"},
		{nil, "https://us-1.api.gong.io", gong.Credential{}, "the server needs a credential; set GONG_ACCESS_KEY and GONG_ACCESS_KEY_SECRET"},
		{nil, "http://127.0.0.1", gong.Credential{}, "the server needs a credential; set CALLVAULT_ACCESS_KEY and CALLVAULT_ACCESS_KEY_SECRET, or"},
		{map[string]string{"GONG_ACCESS_KEY": "gk"}, "https://us-1.api.gong.io", gong.Credential{}, "without its secret; set GONG_ACCESS_KEY and"},
		{map[string]string{"CALLVAULT_ACCESS_KEY": "k"}, "https://us-1.api.gong.io", gong.Credential{}, "without its secret; set CALLVAULT_ACCESS_KEY and"},
		{map[string]string{"CALLVAULT_ACCESS_KEY": "k"}, "http://127.0.0.1", gong.Credential{}, "an access key is set without its secret"},
		{map[string]string{"CALLVAULT_ACCESS_KEY_SECRET": "s"}, "http://127.0.0.1", gong.Credential{}, "a secret is set without its access key"},
		{map[string]string{"CALLVAULT_ACCESS_KEY": "k", "CALLVAULT_TOKEN": "t"}, "http://127.0.0.1", gong.Credential{}, "both an access key and a token are set; leave one out"},
	} {
		server, err := ParseURL(tt.url)
		if err != nil {
			t.Fatal(err)
		}
		env := func(name string) (string, bool) { value, ok := tt.env[name]; return value, ok }
		got, err := FindCredential(env, server.Hostname())
		if got != tt.want || (err == nil) != (tt.wantError == "") || err != nil && !strings.Contains(err.Error(), tt.wantError) {
			t.Errorf("%v for %s: %q, %v", tt.env, tt.url, [3]string{got.AccessKey, got.AccessKeySecret, got.Token}, err)
		}
	}
}

// A file of a credential is what key create prints, and for its owner alone.
func TestCredentialOfAFile(t *testing.T) {
	for content, want := range map[string]string{
		"accessKey        k\naccessKeySecret  hush\n": "",
		"token t\r\n\r\n": "",
		`{"accessKey":"k","accessKeySecret":"hush"}` + "\n": "",
		` {"token":"hush"}`: "",
		"":                  "it has no credential",
		"hush\n":            "it is not a list of names and values",
		"accessKey k\naccessKeySecret hush hush\n": "it is not a list of names and values",
		"k hush\n":        "it has a name other than accessKey, accessKeySecret and token",
		"accessKey k\n":   "an access key is set without its secret",
		`{"hush":"hush"}`: "it has a name other than accessKey, accessKeySecret and token",
	} {
		path := filepath.Join(t.TempDir(), "key")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := ReadCredential(t.Context(), path)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), path+": "+want) {
			t.Errorf("%q: %v", content, err)
		}
		if err != nil && strings.Contains(err.Error(), "hush") {
			t.Errorf("the secret is in %v", err)
		}
		for _, mode := range []os.FileMode{0o640, 0o604, 0o644} {
			if err := os.Chmod(path, mode); err != nil {
				t.Fatal(err)
			}
			if _, err := ReadCredential(t.Context(), path); err == nil || !strings.Contains(err.Error(), "others may read "+path) || !strings.Contains(err.Error(), "chmod 600 "+path) {
				t.Errorf("mode %o: %v", mode, err)
			}
		}
	}
	_, err := ReadCredential(t.Context(), filepath.Join(t.TempDir(), "hush"))
	if !errors.Is(err, fs.ErrNotExist) || strings.Contains(err.Error(), "hush") || !strings.Contains(err.Error(), "name a file") {
		t.Errorf("got %v", err)
	}
	folder := t.TempDir()
	if _, err := ReadCredential(t.Context(), folder); err == nil || err.Error() != folder+" is a folder; name a file that holds what 'callvault key create' prints" {
		t.Errorf("got %v", err)
	}
}
