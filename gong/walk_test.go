package gong

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// pageOf is the body of a page with the calls of some ids, a minute apart.
func pageOf(total any, cursor string, ids ...int) string {
	calls := make([]string, len(ids))
	for i, id := range ids {
		calls[i] = fmt.Sprintf(`{"id":"%d","started":"%s"}`, id, everyMinute(id).Format("2006-01-02T15:04:05Z"))
	}
	if cursor != "" {
		cursor = `,"cursor":"` + cursor + `"`
	}
	return fmt.Sprintf(`{"requestId":"r","records":{"totalRecords":%v%s},"calls":[%s]}`, total, cursor, strings.Join(calls, ","))
}

// numbers are the ids from one to another.
func numbers(from, to int) (ids []int) {
	for id := from; id <= to; id++ {
		ids = append(ids, id)
	}
	return ids
}

// scripted is a server that gives its answers in turn, and then the last one for ever.
// An answer that is a number is a status.
func scripted(t *testing.T, answers ...string) *fake {
	f := &fake{t: t}
	f.refuse = func(n int, w http.ResponseWriter) bool {
		answer := answers[min(n, len(answers))-1]
		switch status, err := strconv.Atoi(answer); {
		case err == nil && status == http.StatusNotFound:
			say(w, status, NoCallsFound)
		case err == nil:
			say(w, status, "no")
		default:
			io.WriteString(w, answer)
		}
		return true
	}
	return f
}

// A walk ends with an error after the first page without progress.
func TestNoProgress(t *testing.T) {
	const again, nothing = "the server sent the same cursor again", "a page has a cursor, but only calls that came before"
	for name, tt := range map[string]struct {
		answers       []string
		want          string
		met, requests int
	}{
		"the same page":            {[]string{pageOf(9, "a", 1, 2)}, nothing, 2, 2},
		"the same cursor":          {[]string{pageOf(9, "a", 1, 2), pageOf(9, "a", 3, 4), pageOf(9, "a", 5, 6)}, again, 4, 2},
		"cursors in a circle":      {[]string{pageOf(9, "a", 1), pageOf(9, "b", 2), pageOf(9, "a", 3), pageOf(9, "b", 4)}, again, 3, 3},
		"known calls, new cursors": {[]string{pageOf(9, "a", 1, 2), pageOf(9, "b", 3), pageOf(9, "c", 2, 1), pageOf(9, "d", 3)}, nothing, 3, 3},
		"no calls, new cursors":    {[]string{pageOf(9, "a"), pageOf(9, "b")}, nothing, 0, 1},
		"broken calls":             {[]string{`{"calls":[{"id":"x"}],"records":{"cursor":"a"}}`, `{"calls":[{"id":"x"}],"records":{"cursor":"b"}}`}, nothing, 0, 2},
		"all calls came":           {[]string{pageOf(2, "a", 1, 2)}, nothing, 2, 2},
	} {
		f := scripted(t, tt.answers...)
		met, err := ids(f.client(), ListCallsQuery{})
		if !errors.Is(err, ErrNoProgress) || !strings.HasSuffix(err.Error(), ": "+tt.want) || len(met) != tt.met || len(f.requests) != tt.requests {
			t.Errorf("%s: met %q in %d requests, %v", name, met, len(f.requests), err)
		}
	}
}

// A server without order may list calls again on later pages. It is read to its end, and
// each call comes once.
func TestOtherOrder(t *testing.T) {
	f := scripted(t, pageOf(6, "a", 5, 3, 6), pageOf(6, "b", 3, 1), pageOf(6, "c", 6, 2, 1), pageOf(6, "", 4, 5))
	met, err := ids(f.client(), ListCallsQuery{})
	if err != nil || !slices.Equal(met, []string{"5", "3", "6", "1", "2", "4"}) {
		t.Errorf("met %q, %v", met, err)
	}
}

// A walk that the server ends too early differs from a whole one.
func TestShortWalk(t *testing.T) {
	const gone, full, silent = "it answered 404 in place of the next page", "its last page is full and has no cursor", "its last page has no records, which would say whether there are more"
	bare := func(ids ...int) string { return strings.Replace(pageOf(0, "", ids...), `"records"`, `"other"`, 1) }
	for name, tt := range map[string]struct {
		answers []string
		met     int
		total   int
		reason  string // empty: the walk is whole
		missing int
	}{
		"404":                     {[]string{pageOf(200, "a", numbers(1, 100)...), pageOf(200, "b", numbers(101, 150)...), "404"}, 150, 200, gone, 0},
		"404 of unknown":          {[]string{pageOf("null", "a", 1), "404"}, 1, -1, gone, 0},
		"404 behind the last":     {[]string{pageOf(2, "a", 1, 2), "404"}, 2, 0, "", 0},
		"full":                    {[]string{pageOf(200, "", numbers(1, 100)...)}, 100, 200, full, 0},
		"full, smaller":           {[]string{pageOf(9, "a", 1, 2), pageOf(9, "", 3, 4)}, 4, 9, full, 0},
		"full, first and smaller": {[]string{pageOf(33, "", numbers(1, 10)...)}, 10, 33, full, 0},
		"empty of one":            {[]string{pageOf(1, "")}, 0, 1, "its first page is empty and has no cursor", 0},
		"empty of many":           {[]string{pageOf(200, "")}, 0, 200, "its first page is empty and has no cursor", 0},
		"not full":                {[]string{pageOf(200, "a", numbers(1, 100)...), pageOf(200, "", numbers(101, 150)...)}, 150, 0, "", 50},
		"not full, first":         {[]string{pageOf(4, "", 1, 2, 3)}, 3, 0, "", 1},
		"last and empty":          {[]string{pageOf(3, "a", 1, 2), pageOf(3, "")}, 2, 0, "", 1},
		"full, and all":           {[]string{pageOf(100, "", numbers(1, 100)...)}, 100, 0, "", 0},
		"more than all":           {[]string{pageOf(3, "a", 1, 2), pageOf(3, "", 3, 4)}, 4, 0, "", 0},
		"full of unknown":         {[]string{pageOf("null", "", numbers(1, 100)...)}, 100, 0, "", 0},
		"not full, larger pages":  {[]string{pageOf(300, "a", numbers(1, 150)...), pageOf(300, "", numbers(151, 260)...)}, 260, 0, "", 40},
		"no records":              {[]string{bare(1, 2)}, 2, -1, silent, 0},
		"no records later":        {[]string{pageOf(5, "a", 1, 2), bare(3)}, 3, 5, silent, 0},
		"no records, and all":     {[]string{pageOf(3, "a", 1, 2), bare(3)}, 3, 0, "", 0},
	} {
		f := scripted(t, tt.answers...)
		met, missing := 0, 0
		var err error
		for p, pageErr := range f.client().Pages(t.Context(), ListCallsQuery{}) {
			if err = pageErr; err == nil {
				met, missing = met+len(p.Calls), p.Missing
			}
		}
		short := (*ShortError)(nil)
		if errors.As(err, &short) != (tt.reason != "") || short == nil && err != nil || met != tt.met || missing != tt.missing {
			t.Errorf("%s: %d calls, %d missing, %v", name, met, missing, err)
		}
		if short != nil && (short.Met != tt.met || short.Total != tt.total || short.Reason != tt.reason) {
			t.Errorf("%s: %v", name, err)
		}
		if refusal := (*Error)(nil); errors.As(err, &refusal) != (tt.reason == gone) {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err := ids(scripted(t, pageOf(200, "", numbers(1, 100)...)).client(), ListCallsQuery{})
	if want := "gong: the server listed 100 of 200 calls: its last page is full and has no cursor"; fmt.Sprint(err) != want {
		t.Errorf("got %v", err)
	}
}

// A cursor promises calls, so 404 is an error then.
func TestCursorThatLeadsToNone(t *testing.T) {
	f := scripted(t, "404")
	if p, err := f.client().ListCalls(t.Context(), ListCallsQuery{}, ""); err != nil || len(p.Calls) != 0 || p.RequestID != "failed" {
		t.Errorf("%+v, %v", p, err)
	}
	_, err := f.client().ListCalls(t.Context(), ListCallsQuery{}, "a")
	if refusal := (*Error)(nil); !errors.As(err, &refusal) || refusal.Status != http.StatusNotFound {
		t.Error(err)
	}
}

// A refusal in mid-walk ends the walk with the server's error.
func TestRefusedInMidWalk(t *testing.T) {
	f := scripted(t, pageOf(4, "a", 1, 2), "401")
	met, err := ids(f.client(), ListCallsQuery{})
	if refusal := (*Error)(nil); !errors.As(err, &refusal) || refusal.Status != http.StatusUnauthorized || len(met) != 2 {
		t.Errorf("met %q, %v", met, err)
	}
	f = scripted(t, pageOf(4, "a", 1, 2), `{}`)
	met, err = ids(f.client(), ListCallsQuery{})
	if answer := (*AnswerError)(nil); !errors.As(err, &answer) || len(met) != 2 {
		t.Errorf("met %q, %v", met, err)
	}
}

// A walk that begins again passes over the calls that it has met from there on, and no
// more.
func TestBeginAgainWithinASecond(t *testing.T) {
	f := &fake{t: t, calls: made(60, func(int) time.Time { return epoch }), size: 10}
	f.refuse = func(n int, w http.ResponseWriter) bool {
		if n == 4 {
			say(w, http.StatusBadRequest, CursorExpired)
		}
		return n == 4
	}
	met, err := ids(f.client(), ListCallsQuery{})
	wantAll(t, met, err, 60)

	// This one does not know its dates: it always lists everything.
	f = scripted(t, pageOf(9, "a", 1, 2), pageOf(9, "b", 3, 4), "400", pageOf(9, "c", 1, 2), pageOf(9, "d", 3, 4))
	f.refuse = func(inner func(int, http.ResponseWriter) bool) func(int, http.ResponseWriter) bool {
		return func(n int, w http.ResponseWriter) bool {
			if n == 3 {
				say(w, http.StatusBadRequest, CursorExpired)
				return true
			}
			return inner(n, w)
		}
	}(f.refuse)
	if met, err = ids(f.client(), ListCallsQuery{}); !errors.Is(err, ErrNoProgress) || len(met) != 4 || len(f.requests) != 5 {
		t.Errorf("met %q in %d requests, %v", met, len(f.requests), err)
	}
}
