package callvault

import (
	"math/rand/v2"
	"strings"
	"testing"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

func TestFold(t *testing.T) {
	for text, want := range map[string]string{
		"":                           "",
		"Harbor Nine — Q3 (renewal)": "harbor nine q3 renewal",
		"Ünïcode ÉCOLE":              "unicode ecole",
		"STRASSE Straße":             "strasse strasse",
		"follow-up/1:1":              "follow up 1 1",
		"会議 with 東京":                 "会 議 with 東 京",
		"…":                          "",
		"Østergård łódź Đorđe":       "ostergard lodz dorde",
		"Æther œuvre ẞ Þór":          "aether oeuvre ss thor",
		"ΣΊΣΥΦΟΣ Σίσυφος":            "σισυφοσ σισυφοσ",
		"İstanbul ıssız":             "istanbul issiz",
		"ﬁne ½ Ⅷ １２":                 "fine 1 2 viii 12",
		"Donau\u00addampf":           "donaudampf",
		"कि":                         "कि",
		"ロビー가ｶﾞ":                     "ロ ヒ ー \u1100\u1161 カ",
		"a\xffb":                     "a b",
	} {
		if got := Fold(text); got != want {
			t.Errorf("Fold(%q) = %q, want %q", text, got, want)
		}
	}
}

// A folded text folds to itself, of each character and of random texts, and so does a text in
// another of Unicode's forms.
func TestFoldTwice(t *testing.T) {
	check := func(text string) {
		t.Helper()
		once := Fold(text)
		if twice := Fold(once); twice != once {
			t.Errorf("Fold(%q) = %q, and that folded is %q", text, once, twice)
		}
		if strings.TrimSpace(once) != once || strings.Contains(once, "  ") || strings.ContainsAny(once, "\n") {
			t.Errorf("Fold(%q) = %q", text, once)
		}
		for _, form := range []norm.Form{norm.NFC, norm.NFD, norm.NFKC, norm.NFKD} {
			if got := Fold(form.String(text)); got != once {
				t.Errorf("Fold(%q) = %q, and in another form %q", text, once, got)
			}
		}
		if got := Fold(strings.ToUpper(text)); unicode.In([]rune(text + " ")[0], unicode.Latin, unicode.Greek, unicode.Cyrillic) && got != once {
			t.Errorf("Fold(%q) = %q, and in capitals %q", text, once, got)
		}
	}
	var all []rune
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if unicode.IsGraphic(r) || unicode.Is(unicode.Cf, r) { // else it is not assigned
			check(string(r))
		}
		if unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsDigit(r) {
			all = append(all, r)
		}
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		text := make([]rune, random.IntN(8))
		for i := range text {
			if text[i] = all[random.IntN(len(all))]; random.IntN(3) == 0 {
				text[i] = 0x1100 + random.Int32N(0x100) // parts of Hangul
			}
		}
		check(string(text))
	}
}

func TestAppendFold(t *testing.T) {
	if got := string(AppendFold([]byte("a\n"), "É B")); got != "a\ne b" {
		t.Errorf("got %q", got)
	}
	for _, text := range []string{"Harbor Nine — weekly sync with the team", "Müller & Søn: Verlängerung"} {
		dst := make([]byte, 0, 100)
		if allocs := testing.AllocsPerRun(100, func() { dst = AppendFold(dst[:0], text) }); allocs > 0 {
			t.Errorf("%s: %v allocations", text, allocs)
		}
	}
}

func BenchmarkFold(b *testing.B) {
	for _, text := range []string{"Harbor Nine: weekly sync with the team", "Harbor Nine — weekly sync with the team", "Müller & Søn: Verlängerung im März", "東京会議室のロビー"} {
		b.Run(text, func(b *testing.B) {
			dst := make([]byte, 0, 200)
			b.ReportAllocs()
			for b.Loop() {
				dst = AppendFold(dst[:0], text)
			}
		})
	}
}
