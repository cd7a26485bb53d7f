package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/callvault/callvault/internal/api"
	"github.com/callvault/callvault/internal/certtest"
	"github.com/callvault/callvault/internal/measure"
	"github.com/callvault/callvault/internal/mirror"
	"github.com/callvault/callvault/internal/sqlite"
	"github.com/callvault/callvault/internal/status"
	"github.com/callvault/callvault/internal/web"
)

// described is a metric as its collector describes it.
type described struct {
	help   string
	labels []string
}

// serveRegistry is the registry of serve.
func serveRegistry(t *testing.T) *prometheus.Registry {
	t.Helper()
	engine, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "calls.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { engine.Close() })
	registry := measure.NewRegistry(buildVersion())
	store := measure.Store(engine, registry)
	if _, err := api.New(t.Context(), api.Config{Store: store, Metrics: registry}); err != nil {
		t.Fatal(err)
	}
	certFile, keyFile := certtest.Make(t, certtest.Options{}).Write(t, t.TempDir())
	secure, err := web.Follow(web.CertFiles{Cert: certFile, Key: keyFile}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	secure.Measure(registry)
	registry.MustRegister(status.Collector{Read: func(context.Context) (*mirror.Status, error) { return &mirror.Status{}, nil }})
	return registry
}

var (
	descForm = regexp.MustCompile(`fqName: "(\w+)", help: "([^"]*)".*, constLabels: \{([^}]*)\}, variableLabels: \{([^}]*)\}`)
)

// describe is every metric of a registry by its name, those that have no series yet
// included.
func describe(t *testing.T, registry *prometheus.Registry) map[string]described {
	t.Helper()
	descs := make(chan *prometheus.Desc)
	go func() {
		defer close(descs)
		registry.Describe(descs)
	}()
	metrics := make(map[string]described)
	for desc := range descs {
		found := descForm.FindStringSubmatch(desc.String())
		if found == nil {
			t.Fatalf("%s is not of the form that is expected", desc)
		}
		var labels []string
		for _, label := range regexp.MustCompile(`(\w+)="`).FindAllStringSubmatch(found[3], -1) {
			labels = append(labels, label[1])
		}
		for label := range strings.SplitSeq(found[4], ",") {
			if label != "" {
				labels = append(labels, label)
			}
		}
		metrics[found[1]] = described{found[2], labels}
	}
	families, err := registry.Gather() // some collectors describe nothing beforehand
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		if _, ok := metrics[family.GetName()]; ok {
			continue
		}
		var labels []string
		for _, label := range family.GetMetric()[0].GetLabel() {
			labels = append(labels, label.GetName())
		}
		metrics[family.GetName()] = described{family.GetHelp(), labels}
	}
	return metrics
}

// Names and helps are as Prometheus wants them.
func TestMetricsLint(t *testing.T) {
	problems, err := testutil.GatherAndLint(serveRegistry(t))
	if err != nil || len(problems) > 0 {
		t.Errorf("%v, %v", problems, err)
	}
}

// The table of docs/operating.md has every metric of ours with its labels and what its
// help says, and no other.
func TestMetricsTable(t *testing.T) {
	metrics := describe(t, serveRegistry(t))
	var table strings.Builder
	for _, name := range slices.Sorted(maps.Keys(metrics)) {
		if m := metrics[name]; strings.HasPrefix(name, "callvault_") {
			labels := ""
			if len(m.labels) > 0 {
				labels = "`" + strings.Join(m.labels, "`, `") + "`"
			}
			fmt.Fprintf(&table, "| `%s` | %s | %s |\n", name, labels, strings.TrimSuffix(m.help, "."))
		}
	}
	page, err := os.ReadFile("../../docs/operating.md")
	if err != nil {
		t.Fatal(err)
	}
	const head = "| metric | labels | what it says |\n| --- | --- | --- |\n"
	_, got, found := strings.Cut(string(page), head)
	got, _, _ = strings.Cut(got, "\n\n")
	if !found || got+"\n" != table.String() {
		t.Errorf("the table of metrics in docs/operating.md is to be\n%s%s", head, table.String())
	}
}

// dashboard is what is read of a dashboard of Grafana.
type dashboard struct {
	UID, Title    string
	SchemaVersion int
	Templating    struct {
		List []struct{ Name, Type, Definition string }
	}
	Panels []struct {
		ID          int
		Type, Title string
		GridPos     struct{ X, Y, W, H int }
		Datasource  struct{ Type, UID string }
		Targets     []struct{ RefID, Expr, LegendFormat string }
	}
}

// selector is a metric with its labels, as PromQL has it.
var selector = regexp.MustCompile(`\b([a-z]+(?:_[a-z0-9]+)+)(\{[^}]*\})?`)

// The dashboard asks for metrics and labels that there are, by the data source and the
// processes that were chosen, and its panels do not overlap.
func TestDashboard(t *testing.T) {
	content, err := os.ReadFile("../../deploy/grafana/callvault.json")
	if err != nil {
		t.Fatal(err)
	}
	var d dashboard
	if err := json.Unmarshal(content, &d); err != nil {
		t.Fatal(err)
	}
	metrics := describe(t, serveRegistry(t))
	if d.UID == "" || d.Title == "" || d.SchemaVersion == 0 || len(d.Templating.List) != 3 {
		t.Errorf("%+v", d)
	}
	for _, variable := range d.Templating.List {
		if variable.Type == "query" {
			checkMetrics(t, metrics, "variable "+variable.Name, variable.Definition)
		}
	}
	ids, taken := make(map[int]bool), make(map[[2]int]string)
	queries := 0
	for _, p := range d.Panels {
		if p.Title == "" || ids[p.ID] || p.GridPos.X+p.GridPos.W > 24 || !slices.Contains([]string{"row", "stat", "timeseries"}, p.Type) {
			t.Errorf("panel %+v", p)
		}
		ids[p.ID] = true
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				if other := taken[[2]int{x, y}]; other != "" {
					t.Fatalf("panel %q is over %q", p.Title, other)
				}
				taken[[2]int{x, y}] = p.Title
			}
		}
		if p.Type == "row" {
			continue
		}
		if p.Datasource.Type != "prometheus" || p.Datasource.UID != "${datasource}" || len(p.Targets) == 0 {
			t.Errorf("panel %+v", p)
		}
		for _, target := range p.Targets {
			queries++
			checkMetrics(t, metrics, p.Title, target.Expr)
			for _, label := range regexp.MustCompile(`\{\{(\w+)\}\}`).FindAllStringSubmatch(target.LegendFormat, -1) {
				if !strings.Contains(target.Expr, label[1]) && label[1] != "instance" {
					t.Errorf("%s: its legend has the label %s, which %s has not", p.Title, label[1], target.Expr)
				}
			}
		}
	}
	if queries < 20 {
		t.Errorf("only %d queries were found", queries)
	}
}

// functions are the words of PromQL that look like metrics.
var functions = []string{"histogram_quantile", "label_values", "__rate_interval"}

// checkMetrics reports what an expression asks for and is not there.
func checkMetrics(t *testing.T, metrics map[string]described, where, expression string) {
	t.Helper()
	found := 0
	for _, s := range selector.FindAllStringSubmatch(strings.ReplaceAll(expression, "$__rate_interval", "5m"), -1) {
		if slices.Contains(functions, s[1]) {
			continue
		}
		found++
		name := s[1]
		for _, suffix := range []string{"_bucket", "_count", "_sum"} {
			if _, ok := metrics[strings.TrimSuffix(name, suffix)]; ok {
				name = strings.TrimSuffix(name, suffix)
			}
		}
		metric, ok := metrics[name]
		if !ok {
			t.Errorf("%s asks for %s, which there is not", where, s[1])
		}
		labels := append([]string{"job", "instance", "le"}, metric.labels...)
		for _, used := range regexp.MustCompile(`[{,](\w+)(?:=|!)`).FindAllStringSubmatch(s[2], -1) {
			if !slices.Contains(labels, used[1]) {
				t.Errorf("%s asks for %s by its label %s, which it has not", where, s[1], used[1])
			}
		}
		for _, by := range regexp.MustCompile(`by \(([^)]*)\)`).FindAllStringSubmatch(expression, -1) {
			for label := range strings.SplitSeq(by[1], ", ") {
				if !slices.Contains(labels, label) {
					t.Errorf("%s groups %s by its label %s, which it has not", where, s[1], label)
				}
			}
		}
	}
	if found == 0 {
		t.Errorf("%s asks for no metric: %s", where, expression)
	}
}
