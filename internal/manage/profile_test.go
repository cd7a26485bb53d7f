package manage

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"
)

// A client chooses how long a profile takes, up to a minute. That goes for profiles,
// traces, and the difference of other profiles over a while.
func TestSeconds(t *testing.T) {
	h := &profiles{http.NewServeMux(), make(chan struct{}, maxProfiles)}
	h.routes.HandleFunc("/", func(http.ResponseWriter, *http.Request) {})
	for seconds, status := range map[string]int{
		"seconds=61": http.StatusBadRequest, "seconds=9999999999999999999": http.StatusBadRequest, "seconds=1e9": http.StatusBadRequest,
		"seconds=0": http.StatusBadRequest, "seconds=-1": http.StatusBadRequest, "seconds=0.5": http.StatusBadRequest, "seconds=NaN": http.StatusBadRequest,
		"seconds=": http.StatusBadRequest, "seconds=1&seconds=61": http.StatusBadRequest, "seconds=%36%31": http.StatusBadRequest,
		"": http.StatusOK, "seconds=1": http.StatusOK, "seconds=60": http.StatusOK,
	} {
		for _, profile := range []string{"profile", "trace", "heap", "goroutine"} {
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/debug/pprof/"+profile+"?"+seconds, nil))
			if w.Code != status {
				t.Errorf("%s?%s: %d %s", profile, seconds, w.Code, w.Body)
			}
		}
	}
}

// HEAD would cost as much as GET.
func TestProfilesAreForGet(t *testing.T) {
	h := start(t, here, Config{})
	r := httptest.NewRequest(http.MethodHead, "http://127.0.0.1:8081/debug/pprof/profile", nil)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != http.MethodGet {
		t.Errorf("%d %v", w.Code, w.Header())
	}
}

// Few profiles are made at once.
func TestProfilesAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &profiles{http.NewServeMux(), make(chan struct{}, maxProfiles)}
		h.routes.HandleFunc("/", func(http.ResponseWriter, *http.Request) { time.Sleep(profileWithin) })
		ask := func() int {
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/debug/pprof/profile", nil))
			return w.Code
		}
		for range maxProfiles {
			go ask()
		}
		synctest.Wait()
		if status := ask(); status != http.StatusServiceUnavailable {
			t.Errorf("one more: %d", status)
		}
		time.Sleep(2 * profileWithin)
		if status := ask(); status != http.StatusOK {
			t.Errorf("afterwards: %d", status)
		}
	})
}
