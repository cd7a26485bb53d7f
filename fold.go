package callvault

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Fold is a text as people search it: its letters and digits without case and accents, one
// space between words. Each CJK character is a word. A folded text folds to itself. Stores keep
// folded texts, so a change of Fold is a migration.
func Fold(text string) string {
	var buffer [128]byte
	return string(AppendFold(buffer[:0], text))
}

// AppendFold appends a folded text.
func AppendFold(dst []byte, text string) []byte {
	f := folder{dst: dst, begin: len(dst)}
	for len(text) > 0 {
		if text[0] < utf8.RuneSelf {
			f.ascii(text[0])
			text = text[1:]
			continue
		}
		r, size := utf8.DecodeRuneInString(text)
		f.parts(r, norm.NFKD.PropertiesString(text).Decomposition())
		text = text[size:]
	}
	return f.dst
}

// folder folds one character after the other.
type folder struct {
	dst          []byte
	begin        int
	isInWord     bool // which the next letter continues
	isInSyllable bool // which the next vowel or final of Hangul continues
}

func (f *folder) ascii(c byte) {
	switch {
	case 'A' <= c && c <= 'Z':
		c += 'a' - 'A'
	case 'a' <= c && c <= 'z' || '0' <= c && c <= '9':
	default:
		f.isInWord, f.isInSyllable = false, false
		return
	}
	if !f.isInWord {
		f.space()
	}
	f.dst, f.isInWord, f.isInSyllable = append(f.dst, c), true, false
}

func (f *folder) space() {
	if len(f.dst) > f.begin {
		f.dst = append(f.dst, ' ')
	}
}

// parts folds the parts that Unicode takes a character into.
func (f *folder) parts(r rune, parts []byte) {
	if syllable := r - 0xac00; 0 <= syllable && syllable < 11172 { // of Hangul: by their numbers
		f.rune(0x1100 + syllable/588)
		f.rune(0x1161 + syllable%588/28)
		if final := syllable % 28; final > 0 {
			f.rune(0x11a7 + final)
		}
		return
	}
	if len(parts) == 0 {
		f.rune(r)
	}
	for len(parts) > 0 {
		r, size := utf8.DecodeRune(parts)
		f.rune(r)
		parts = parts[size:]
	}
}

func (f *folder) rune(r rune) {
	isLetter := unicode.IsLetter(r) || unicode.IsDigit(r)
	switch {
	case r < utf8.RuneSelf:
		f.ascii(byte(r))
	case isLetter && r >= 0x1100 && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul):
		if isJamo := 0x1160 <= r && r <= 0x11ff; !isJamo || !f.isInSyllable {
			f.space()
		}
		f.dst = utf8.AppendRune(f.dst, r)
		f.isInWord, f.isInSyllable = false, unicode.Is(unicode.Hangul, r)
	case isLetter || unicode.Is(unicode.Mc, r):
		if !f.isInWord {
			f.space()
		}
		r = unicode.ToLower(unicode.ToUpper(r)) // both, for letters with two small forms
		if plain := spelled(r); plain != "" {
			f.dst = append(f.dst, plain...)
		} else {
			f.dst = utf8.AppendRune(f.dst, r)
		}
		f.isInWord, f.isInSyllable = true, false
	case !unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf): // accents, and what can't be seen
		f.isInWord, f.isInSyllable = false, false
	}
}

// spelled is a letter that Unicode does not take apart, in plain letters.
func spelled(r rune) string {
	switch r {
	case 'ß':
		return "ss"
	case 'æ':
		return "ae"
	case 'œ':
		return "oe"
	case 'ø':
		return "o"
	case 'đ', 'ð':
		return "d"
	case 'ħ':
		return "h"
	case 'ł':
		return "l"
	case 'ŧ':
		return "t"
	case 'þ':
		return "th"
	}
	return ""
}
