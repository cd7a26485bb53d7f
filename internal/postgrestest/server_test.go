//go:build unix

package postgrestest

import "testing"

// Only the database of a URL is replaced, though the user or the host may be called
// the same.
func TestNamed(t *testing.T) {
	for url, want := range map[string]string{
		"postgres://u@h/db":                                     "postgres://u@h/new?application_name=callvault_test",
		"postgres://db@db:5432/db?sslmode=disable":              "postgres://db@db:5432/new?sslmode=disable",
		"postgres://db:db@db/db":                                "postgres://db:db@db/new?application_name=callvault_test",
		"postgres:///postgres?user=postgres&host=/tmp/postgres": "postgres:///new?host=%2Ftmp%2Fpostgres&user=postgres",
		"postgres://u@h":                                        "postgres://u@h/new?application_name=callvault_test",
		"postgres:///?dbname=db&service=s":                      "postgres:///new?service=s",
	} {
		if got, err := named(url, "new"); got != want || err != nil {
			t.Errorf("%s: got %s, %v, want %s", url, got, err, want)
		}
	}
}
