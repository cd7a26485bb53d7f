package callvault_test

import (
	"strings"
	"testing"

	"github.com/callvault/callvault"
)

// An entry is its id and its document, encoded once; what is wrong with it is told.
func TestParseEntry(t *testing.T) {
	e, err := callvault.ParseEntry(callvault.Workspaces, []byte(`{ "name":"Sales", "id": 7 }`))
	if err != nil || e.ID.String() != "7" || string(e.Document) != `{"id":"7","name":"Sales","description":null}` {
		t.Errorf("%s, %v", e.Document, err)
	}
	for in, want := range map[string]string{
		`{}`:                    "id: is missing or empty; it must be a number of 1 to 20 digits, under exactly this name",
		`{"id":"a"}`:            `id: "a" is not a number of 1 to 20 digits`,
		`{"id":"007"}`:          `id: "007" has leading zeros; write the number of 1 to 20 digits without them`,
		`{"id":"1","active":1}`: "active: must be true, false or null, not a number",
		`{"id":"1","created":"0000-01-01T00:00:00+14:00"}`:                    "created: 0000-01-01T00:00:00+14:00 is outside the years 0000 to 9999 in UTC",
		`{"id":"1","x":"` + strings.Repeat("x", callvault.MaxDocument) + `"}`: "the document has 65872 bytes; shorten it to 65536",
	} {
		e, err := callvault.ParseEntry(callvault.Users, []byte(in))
		if err == nil || err.Error() != want || e.Document != nil {
			t.Errorf("%.60s: %v, want %s", in, err, want)
		}
	}
}

// A checksum tells entries apart by everything that they are.
func TestEntryChecksum(t *testing.T) {
	user, err := callvault.ParseEntry(callvault.Users, []byte(`{"id":"1"}`))
	if err != nil {
		t.Fatal(err)
	}
	another, changed := user, user
	another.ID[19], changed.Document = '2', []byte(`{"id":"1" }`)
	sums := make(map[int64]bool)
	for _, sum := range []int64{
		user.Checksum("a", callvault.Users), user.Checksum("b", callvault.Users), user.Checksum("a", callvault.Workspaces),
		another.Checksum("a", callvault.Users), changed.Checksum("a", callvault.Users),
	} {
		sums[sum] = true
	}
	if len(sums) != 5 || user.Checksum("a", callvault.Users) != 7326772303708774763 {
		t.Errorf("checksums %v; the first is kept by stores, and must never change", sums)
	}
}
