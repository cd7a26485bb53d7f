package callvault

import (
	"strings"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// FoldVersion changes when Fold does: what stores keep of folded titles is then made again.
const FoldVersion = 1

// Fold is a text as people search it: without case, accents and punctuation, its words
// separated by one space. Each CJK character is a word.
func Fold(text string) string {
	var b strings.Builder
	isInWord := false
	for _, r := range norm.NFKD.String(cases.Fold().String(text)) {
		cjk := unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul)
		switch {
		case unicode.Is(unicode.Mn, r):
			continue
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
			isInWord = false
			continue
		}
		if b.Len() > 0 && (!isInWord || cjk) {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
		isInWord = !cjk
	}
	return b.String()
}
