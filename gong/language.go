package gong

import "strings"

// undetermined is the language of a call if nobody has said which it is in.
const undetermined = "und"

// languages are the languages that a call may be posted with, and their codes of ISO 639-2/B,
// which the list shows. Cantonese has no code there but that of Chinese.
const languages = `
af:afr am:amh ar:ara az:aze bg:bul bn:ben bs:bos ca:cat cs:cze da:dan de:ger el:gre en:eng es:spa et:est
eu:baq fa:per fi:fin fil:fil fr:fre gl:glg gu:guj he:heb hi:hin hr:hrv hu:hun hy:arm id:ind is:ice it:ita
ja:jpn jv:jav ka:geo kk:kaz km:khm kn:kan ko:kor lo:lao lt:lit lv:lav mk:mac ml:mal mn:mon mr:mar ms:may
my:bur ne:nep nl:dut no:nor pa:pan pl:pol pt:por ro:rum ru:rus si:sin sk:slo sl:slv sq:alb sr:srp su:sun
sv:swe sw:swa ta:tam te:tel th:tha tr:tur uk:ukr ur:urd uz:uzb vi:vie yue:chi zh:chi zu:zul `

// languageOf is the code of ISO 639-2/B for a tag of BCP 47, such as ger for de-CH. The
// script and the region mean nothing to it.
func languageOf(tag string) (code string, known bool) {
	language, _, _ := strings.Cut(strings.ToLower(tag), "-")
	if strings.ContainsAny(language, ": \n") {
		return "", false
	}
	_, rest, found := strings.Cut(strings.ReplaceAll(languages, "\n", " "), " "+language+":")
	if !found {
		return "", false
	}
	return rest[:3], true
}
