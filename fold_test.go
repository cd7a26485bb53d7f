package callvault

import "testing"

func TestFold(t *testing.T) {
	for text, want := range map[string]string{
		"":                           "",
		"Harbor Nine — Q3 (renewal)": "harbor nine q3 renewal",
		"Ünïcode ÉCOLE":              "unicode ecole",
		"STRASSE Straße":             "strasse strasse",
		"follow-up/1:1":              "follow up 1 1",
		"会議 with 東京":                 "会 議 with 東 京",
		"…":                          "",
	} {
		if got := Fold(text); got != want {
			t.Errorf("Fold(%q) = %q, want %q", text, got, want)
		}
	}
}
