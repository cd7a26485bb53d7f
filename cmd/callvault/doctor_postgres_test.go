//go:build unix

package main

import (
	"strings"
	"testing"

	"github.com/callvault/callvault/internal/doctor"
	"github.com/callvault/callvault/internal/postgrestest"
)

// What is wrong with a PostgreSQL store is found, nothing is made or brought up to
// date, and no password is shown.
func TestDoctorOfPostgres(t *testing.T) {
	server, err := postgrestest.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	c := newCLIOn(t, server.Database(t))
	findings, got := c.diagnose()
	wantFinding(t, findings, got, "store", doctor.Wrong, "there is no store in this database", "make one")
	c.must("key", "create")
	c.must("import", "-q", c.file("calls.ndjson", callOne))
	findings, got = c.diagnose()
	for _, check := range []string{"store", "schema", "rights", "clocks", "clock", "keys"} {
		wantFinding(t, findings, got, check, doctor.OK, "", "")
	}
	setVersion := func(version string) {
		postgrestest.Execute(t, c.env["CALLVAULT_DB"], "UPDATE callvault.schema SET version = "+version+", usable_since = "+version)
	}
	setVersion("1")
	for range 2 {
		findings, got = c.diagnose()
		wantFinding(t, findings, got, "schema", doctor.Warning, "version 1; this program has ", "the next 'callvault serve' of this program migrates the store")
	}
	setVersion("99")
	findings, got = c.diagnose()
	wantFinding(t, findings, got, "store", doctor.Wrong, "made by a newer version of callvault", "upgrade callvault")

	c.env["CALLVAULT_DB"] = "postgres://me:hush@" + strings.Replace(unused(t), "127.0.0.1", "localhost", 1) + "/calls"
	findings, got = c.diagnose()
	wantFinding(t, findings, got, "store", doctor.Wrong, "postgres://me:xxxxx@localhost", "check that the server runs")
	if strings.Contains(got.stdout+got.stderr, "hush") {
		t.Errorf("the password is shown: %+v", got)
	}
}
