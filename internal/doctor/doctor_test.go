package doctor

import (
	"strings"
	"testing"
)

func TestReport(t *testing.T) {
	var told []string
	r := NewReport(func(f Finding) { told = append(told, f.String()) })
	r.Add(Finding{"keys", OK, "2 keys", ""}, Finding{"listen", Wrong, "it is <taken>", "name another"})
	r.Add(Finding{"clock", Wrong, "late\n\tand later", ""}, Finding{"file", Warning, "open", "close it"})
	if got, want := strings.Join(told, "\n"), `ok       keys       2 keys
wrong    listen     it is <taken>; name another
wrong    clock      late and later
warning  file       open; close it`; got != want {
		t.Errorf("told\n%s\nwant\n%s", got, want)
	}
	if r.Wrong() != 2 {
		t.Errorf("%d are wrong", r.Wrong())
	}
	var text strings.Builder
	if err := r.WriteJSON(&text); err != nil {
		t.Fatal(err)
	}
	if got, want := text.String(), `[{"check":"keys","status":"ok","what":"2 keys"},{"check":"listen","status":"wrong","what":"it is <taken>","do":"name another"},`+
		`{"check":"clock","status":"wrong","what":"late\n\tand later"},{"check":"file","status":"warning","what":"open","do":"close it"}]`+"\n"; got != want {
		t.Errorf("wrote\n%s\nwant\n%s", got, want)
	}
}
