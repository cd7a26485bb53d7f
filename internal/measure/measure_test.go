package measure

import (
	"context"
	"errors"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/callvault/callvault"
)

// served are the methods that serve asks for again and again.
var served = []string{
	"Companies", "Keys", "UseKey", "TakeQuota", "TakeSecond",
	"Count", "Get", "Scan", "First", "Names", "View", "Latest", "Changes", "Put", "Snapshot",
	"DirectoryGet", "DirectoryScan",
}

// Every method is handed on with all it was given, and answered as the store answers;
// those that requests for calls and scrapes wait for are measured, under their own name, and no other is.
func TestEveryMethod(t *testing.T) {
	within := &fake{err: errors.New("disk on fire")}
	registry := prometheus.NewRegistry()
	store := Store(within, registry)
	met := 0
	for _, tt := range []struct {
		measured, bare reflect.Value
		prefix         string // of the names of operations
	}{
		{reflect.ValueOf(&store).Elem(), reflect.ValueOf(within), ""},
		{reflect.ValueOf(new(store.Calls("acme"))).Elem(), reflect.ValueOf(within.Calls("acme")), ""},
		{reflect.ValueOf(new(store.Directory("acme"))).Elem(), reflect.ValueOf(within.Directory("acme")), "Directory"},
	} {
		for i := range tt.measured.NumMethod() {
			name := tt.measured.Type().Method(i).Name
			if name == "Calls" || name == "Directory" || name == "Mirror" || name == "Pool" {
				continue
			}
			method, bare := tt.measured.Method(i), tt.bare.MethodByName(name)
			args := arguments(t, method.Type())
			answer, asked := results(bare.Call(args)), within.asked
			within.asked = nil
			got := results(method.Call(args))
			if !reflect.DeepEqual(got, answer) || !reflect.DeepEqual(within.asked, asked) {
				t.Errorf("%s: asked %v and got %v, want %v and %v", name, within.asked, got, asked, answer)
			}
			name = tt.prefix + name
			want := 0.0
			if slices.Contains(served, name) {
				want, met = 1, met+1
			}
			if n := samples(t, registry, "callvault_store_operation_duration_seconds", snake(name)); n != want {
				t.Errorf("%s: %v durations were counted, want %v", name, n, want)
			}
			if n := samples(t, registry, "callvault_store_operation_failures_total", snake(name)); n != want {
				t.Errorf("%s: %v failures were counted, want %v", name, n, want)
			}
		}
	}
	if met != len(served) {
		t.Errorf("%d of %d methods were met", met, len(served))
	}
}

// arguments are some of each type, none of them zero.
func arguments(t *testing.T, method reflect.Type) []reflect.Value {
	args := []reflect.Value{}
	for i := range method.NumIn() {
		switch in := method.In(i); in.Kind() {
		case reflect.Interface:
			arg := reflect.ValueOf(t.Context())
			if !arg.Type().Implements(in) {
				arg = reflect.ValueOf((&fake{}).Mirror("acme"))
			}
			args = append(args, arg)
		case reflect.Func:
			args = append(args, reflect.MakeFunc(in, func([]reflect.Value) []reflect.Value { panic("never called") }))
		default:
			args = append(args, some(in))
		}
	}
	return args
}

// some is a value in which numbers and texts are not zero.
func some(of reflect.Type) reflect.Value {
	v := reflect.New(of).Elem()
	switch of.Kind() {
	case reflect.String:
		v.SetString("some")
	case reflect.Int, reflect.Int64:
		v.SetInt(17)
	case reflect.Uint8:
		v.SetUint(18)
	case reflect.Array:
		for i := range v.Len() {
			v.Index(i).Set(some(of.Elem()))
		}
	case reflect.Slice:
		v.Set(reflect.Append(v, some(of.Elem())))
	case reflect.Struct:
		for i := range of.NumField() {
			if of.Field(i).IsExported() {
				v.Field(i).Set(some(of.Field(i).Type))
			}
		}
	}
	return v
}

func results(values []reflect.Value) (results []any) {
	for _, v := range values {
		results = append(results, v.Interface())
	}
	return results
}

func snake(name string) string {
	return strings.ToLower(regexp.MustCompile(`(.)([A-Z])`).ReplaceAllString(name, "${1}_$2"))
}

// samples is the count of a histogram, or the sum of counters, of an operation.
func samples(t *testing.T, registry *prometheus.Registry, name, operation string) (n float64) {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		for _, m := range family.GetMetric() {
			if family.GetName() == name && m.GetLabel()[0].GetValue() == operation {
				n += float64(m.GetHistogram().GetSampleCount()) + m.GetCounter().GetValue()
			}
		}
	}
	return n
}

// An operation that fails and one that nobody waits for any more are told apart.
func TestFailures(t *testing.T) {
	within := &fake{}
	registry := prometheus.NewRegistry()
	store := Store(within, registry)
	ask := func(ctx context.Context, err error) {
		within.err = err
		if _, got := store.Calls("acme").Count(ctx, callvault.Query{}); got != err {
			t.Errorf("got %v, want %v", got, err)
		}
	}
	gone, leave := context.WithCancel(t.Context())
	leave()
	ask(t.Context(), nil)
	ask(gone, nil) // it was there before the client had gone
	ask(t.Context(), errors.New("disk on fire"))
	ask(gone, context.Canceled)
	ask(gone, context.Canceled)
	got := store.(measured).meter.failures
	for reason, want := range map[string]float64{"error": 1, "given_up": 2} {
		if n := testutil.ToFloat64(got.WithLabelValues("count", reason)); n != want {
			t.Errorf("%v failures for the reason %s, want %v", n, reason, want)
		}
	}
	if n := samples(t, registry, "callvault_store_operation_duration_seconds", "count"); n != 5 {
		t.Errorf("%v durations", n)
	}
}

func wantMetrics(t *testing.T, registry *prometheus.Registry, want string, names ...string) {
	t.Helper()
	if err := testutil.GatherAndCompare(registry, strings.NewReader(want), names...); err != nil {
		t.Error(err)
	}
}

// A scrape shows the pool and what is in the store.
func TestScrape(t *testing.T) {
	registry := prometheus.NewRegistry()
	Store(&fake{names: []string{"acme", "other"}}, registry)
	wantMetrics(t, registry, `
# HELP callvault_calls Calls in the store, of all companies.
# TYPE callvault_calls gauge
callvault_calls 18
# HELP callvault_changes_total Calls that were ever created, changed or deleted, by any process, of all companies.
# TYPE callvault_changes_total counter
callvault_changes_total 22
# HELP callvault_companies Companies in the store.
# TYPE callvault_companies gauge
callvault_companies 2
# HELP callvault_store_connection_wait_seconds_total Total time that operations waited for a connection.
# TYPE callvault_store_connection_wait_seconds_total counter
callvault_store_connection_wait_seconds_total 1.5
# HELP callvault_store_connection_waits_total Operations that had to wait for a connection.
# TYPE callvault_store_connection_waits_total counter
callvault_store_connection_waits_total 4
# HELP callvault_store_connections Connections of the store, by state: in use, or idle.
# TYPE callvault_store_connections gauge
callvault_store_connections{state="idle"} 2
callvault_store_connections{state="in_use"} 3
# HELP callvault_store_connections_limit The most connections that the store may have.
# TYPE callvault_store_connections_limit gauge
callvault_store_connections_limit 9
# HELP callvault_store_up 1 when the store was read for this scrape, 0 when it did not answer.
# TYPE callvault_store_up gauge
callvault_store_up 1
`, "callvault_calls", "callvault_changes_total", "callvault_companies", "callvault_store_connection_wait_seconds_total",
		"callvault_store_connection_waits_total", "callvault_store_connections", "callvault_store_connections_limit", "callvault_store_up")
	if problems, err := testutil.GatherAndLint(registry); err != nil || len(problems) > 0 {
		t.Errorf("%v, %v", problems, err)
	}
}

const down = "# HELP callvault_store_up 1 when the store was read for this scrape, 0 when it did not answer.\n# TYPE callvault_store_up gauge\ncallvault_store_up 0\n"

// A scrape of a store that fails, or does not answer, shows the rest, in time.
func TestScrapeOfAStoreThatIsAway(t *testing.T) {
	registry := prometheus.NewRegistry()
	within := &fake{err: errors.New("disk on fire"), names: []string{"acme"}}
	Store(within, registry)
	wantMetrics(t, registry, down, "callvault_store_up", "callvault_calls", "callvault_companies")
	synctest.Test(t, func(t *testing.T) {
		within.stall = func() error { <-within.given.Done(); return within.given.Err() }
		began := time.Now()
		wantMetrics(t, registry, down, "callvault_store_up", "callvault_calls", "callvault_companies")
		if took := time.Since(began); took != readWithin {
			t.Errorf("it took %v", took)
		}
	})
	within.stall = nil
	if n, err := testutil.GatherAndCount(registry, "callvault_store_connections"); n != 2 || err != nil {
		t.Errorf("%d series, %v", n, err)
	}
}
