package gong

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// uploaded is a request that is complete, with members put before its own.
func uploaded(t *testing.T, members string) (Call, []FieldError) {
	t.Helper()
	var r NewCallRequest
	const least = `"clientUniqueId":"1","actualStart":"2026-03-04T12:00:00Z","direction":"Inbound","primaryUser":"7","parties":[{"userId":"7"}]`
	if err := json.Unmarshal([]byte("{"+least+members+"}"), &r); err != nil {
		t.Fatal(err)
	}
	return r.Call("1")
}

// What can be kept is kept as upstream shows it, at the very ends of what is allowed.
func TestNewCallRequest(t *testing.T) {
	long := strings.Repeat("é", 255)
	for _, tt := range []struct{ members, want string }{
		{``, `"duration":null`},
		{`,"duration":0.999`, `"duration":0`},
		{`,"duration":1790.74`, `"duration":1790`},
		{`,"duration":9007199254740992`, `"duration":9007199254740992`},
		{`,"purpose":"` + long + `"`, `"purpose":"` + long + `"`},
		{`,"disposition":"` + long + `"`, `"sdrDisposition":"` + long + `"`},
		{`,"languageCode":""`, `"language":"und"`},
		{`,"languageCode":"pa-Guru-IN"`, `"language":"pan"`},
		{`,"workspaceId":""`, `"workspaceId":null`},
		{`,"scheduledStart":"2026-03-04T13:00:00.5+01:00"`, `"scheduled":"2026-03-04T13:00:00.5+01:00","started":"2026-03-04T12:00:00Z"`},
		{`,"parties":[{"userId":"7"},{"userId":"8","emailAddress":""}]`, `"scope":"Internal"`},
		{`,"parties":[{"userId":"7"},{"userId":"","emailAddress":"a@b"}]`, `"scope":"External"`},
		{`,"title":null,"context":[],"speakersTimeline":{}`, `"title":null`},
	} {
		c, problems := uploaded(t, tt.members)
		if document := string(c.AppendJSON(nil)); problems != nil || !strings.Contains(document, tt.want) {
			t.Errorf("%s: %v, %s", tt.members, problems, document)
		}
	}
}

func TestNewCallRequestProblems(t *testing.T) {
	for _, tt := range []struct{ members, want string }{
		{`,"purpose":"` + strings.Repeat("é", 256) + `"`, "purpose: size must be between 0 and 255"},
		{`,"disposition":"` + strings.Repeat("é", 256) + `"`, "disposition: size must be between 0 and 255"},
		{`,"clientUniqueId":"` + strings.Repeat("é", 2049) + `"`, "clientUniqueId: size must be between 0 and 2048"},
		{`,"customData":"\u0000"`, "customData: must not have a NUL character"},
		{`,"duration":9007199254740994`, "duration: must be less than or equal to 9007199254740992"},
		{`,"duration":-0.5`, "duration: must be greater than or equal to 0"},
		{`,"clientUniqueId":""`, "clientUniqueId: must not be empty"}, // otherwise all such calls were duplicates of the first
		{`,"primaryUser":""`, "primaryUser: must not be empty"},
		{`,"primaryUser":"8"`, "primaryUser: must be the userId of one of the parties"},
		{`,"workspaceId":"07"`, `workspaceId: "07" has leading zeros; write the number of 1 to 20 digits without them`},
		{`,"parties":[{"userId":"7","emailAddress":"@b"}]`, `parties[0].emailAddress: "@b" is not a valid email address`},
		{`,"parties":[{"userId":"7","mediaChannelId":0.5}]`, `parties[0].mediaChannelId: must be 0 or 1`},
		{`,"parties":[{"userId":"7"},{"context":[null]}]`, `parties[1].context[0]: must not be null`},
		{`,"context":[{"system":"Generic","objects":[null]}]`, `context[0].objects[0]: must not be null`},
		{`,"speakersTimeline":{"speechSegments":[null]}`, `speakersTimeline.speechSegments[0]: must not be null`},
	} {
		_, problems := uploaded(t, tt.members)
		var texts []string
		for _, p := range problems {
			texts = append(texts, p.Field+": "+p.Problem)
		}
		if got := strings.Join(texts, "\n"); got != tt.want {
			t.Errorf("%.60s:\n got %s\nwant %s", tt.members, got, tt.want)
		}
	}
	if _, problems := uploaded(t, `,"context":[`+strings.Repeat("null,", 1000)+`null]`); len(problems) != maxProblems {
		t.Errorf("%d problems are told", len(problems))
	}
}

// Every code of the contract has a language of ISO 639-2/B, and other codes have none.
func TestLanguages(t *testing.T) {
	const contract = `af-ZA, am-ET, ar-AE, ar-BH, ar-DZ, ar-EG, ar-IL, ar-IQ, ar-JO, ar-KW, ar-LB, ar-MA, ar-MR, ar-OM, ar-PS, ar-QA, ar-SA, ar-TN, ar-YE, az-AZ, bg-BG, bn-BD, bn-IN, bs-BA, ca-ES, cs-CZ, da-DK, de-AT, de-CH, de-DE, el-GR, en-AB, en-AU, en-CA, en-GB, en-IE, en-IN, en-NZ, en-PH, en-SG, en-US, en-WL, en-ZA, es-AR, es-BO, es-CL, es-CO, es-CR, es-DO, es-EC, es-ES, es-GT, es-HN, es-MX, es-NI, es-PA, es-PE, es-PR, es-PY, es-SV, es-US, es-UY, et-EE, eu-ES, fa-IR, fi-FI, fil-PH, fr-BE, fr-CA, fr-CH, fr-FR, gl-ES, gu-IN, he-IL, hi-IN, hr-HR, hu-HU, hy-AM, id-ID, is-IS, it-CH, it-IT, ja-JP, jv-ID, ka-GE, kk-KZ, km-KH, kn-IN, ko-KR, lo-LA, lt-LT, lv-LV, mk-MK, ml-IN, mn-MN, mr-IN, ms-MY, my-MM, ne-NP, nl-BE, nl-NL, no-NO, pa-Guru-IN, pl-PL, pt-BR, pt-PT, ro-RO, ru-RU, si-LK, sk-SK, sl-SI, sq-AL, sr-RS, su-ID, sv-SE, sw-KE, sw-TZ, ta-IN, ta-LK, ta-MY, ta-SG, te-IN, th-TH, tr-TR, uk-UA, ur-IN, ur-PK, uz-UZ, vi-VN, yue-Hant-HK, zh-CN, zh-TW, zu-ZA`
	seen := make(map[string]bool)
	for tag := range strings.SplitSeq(contract, ", ") {
		code, known := languageOf(tag)
		if !known || strings.Trim(code, "abcdefghijklmnopqrstuvwxyz") != "" || len(code) != 3 {
			t.Errorf("%s: %q", tag, code)
		}
		language, _, _ := strings.Cut(tag, "-")
		seen[language] = true
	}
	if n := strings.Count(languages, ":"); n != len(seen) {
		t.Errorf("%d languages are known, the contract has %d", n, len(seen))
	}
	for tag, want := range map[string]string{
		"de": "ger", "DE-at": "ger", "fr-FR": "fre", "cs-CZ": "cze", "zh-TW": "chi", "yue-Hant-HK": "chi", "fil-PH": "fil",
		"": "", "-": "", "xx-YY": "", "ger": "", "af:afr am": "", "en_US": "", " en": "", "english": "",
	} {
		if code, known := languageOf(tag); code != want || known != (want != "") {
			t.Errorf("%q: %q, want %q", tag, code, want)
		}
	}
}

func ExampleAlreadyPosted() {
	fmt.Println(AlreadyPosted("estuary-seed-b1e", "7022652889306584427"))
	// Output: A call with clientUniqueId 'estuary-seed-b1e' has already been posted for the call 7022652889306584427
}
