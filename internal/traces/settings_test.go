package traces

import (
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// variables are an environment, written as in a shell.
func variables(text string) environment {
	set := make(map[string]string)
	for _, variable := range strings.Fields(text) {
		name, value, _ := strings.Cut(variable, "=")
		set[name] = value
	}
	return func(name string) (string, bool) {
		value, ok := set[name]
		return value, ok
	}
}

// Nothing is started unless the environment asks for it.
func TestOnAndOff(t *testing.T) {
	for env, want := range map[string]bool{
		"":                                               false,
		"OTEL_SERVICE_NAME=x":                            false,
		"OTEL_TRACES_EXPORTER=none":                      false,
		"OTEL_TRACES_EXPORTER=otlp":                      true,
		"OTEL_EXPORTER_OTLP_ENDPOINT=":                   false,
		"OTEL_EXPORTER_OTLP_HEADERS=a=b":                 false,
		"OTEL_EXPORTER_OTLP_PROTOCOL=grpc":               false,
		"OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:1": true,
		"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://127.0.0.1:1":                         true,
		"OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:1 OTEL_TRACES_EXPORTER=none":      false,
		"OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:1 OTEL_SDK_DISABLED=TRUE":         false,
		"OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:1 OTEL_SDK_DISABLED=false":        true,
		"OTEL_TRACES_EXPORTER=zipkin OTEL_SDK_DISABLED=true":                            false,
		"OTEL_TRACES_EXPORTER=none OTEL_EXPORTER_OTLP_PROTOCOL=grpc OTEL_SERVICE_NAME=": false,
	} {
		traces, err := Start(Config{Env: variables(env), Log: slog.New(slog.DiscardHandler)})
		if err != nil || (traces != nil) != want || (traces.Provider() != nil) != want {
			t.Errorf("%s: %v, %v", env, traces, err)
		}
		traces.Close(t.Context())
	}
}

// What makes no sense ends the program at its start, with an error that names the
// variable and what is accepted, and shows nothing of the value.
func TestSettingsRefuse(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for env, want := range map[string]string{
		"OTEL_TRACES_EXPORTER=hush":                                                "OTEL_TRACES_EXPORTER: accepted are otlp and none",
		"OTEL_TRACES_EXPORTER=otlp,hush":                                           "OTEL_TRACES_EXPORTER: accepted are otlp and none",
		"OTEL_EXPORTER_OTLP_PROTOCOL=grpc":                                         "OTEL_EXPORTER_OTLP_PROTOCOL: accepted is http/protobuf",
		"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL=http/json":                             "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: accepted is",
		"OTEL_EXPORTER_OTLP_ENDPOINT=127.0.0.1:4317/hush":                          "OTEL_EXPORTER_OTLP_ENDPOINT: accepted is a URL such as http://localhost:4318",
		"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=ftp://u:hush@host":                     "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: accepted is a URL",
		"OTEL_EXPORTER_OTLP_ENDPOINT=http://u:hush@:4318":                          "OTEL_EXPORTER_OTLP_ENDPOINT: accepted is a URL",
		"OTEL_EXPORTER_OTLP_HEADERS=hush":                                          "OTEL_EXPORTER_OTLP_HEADERS: accepted is NAME=VALUE",
		"OTEL_EXPORTER_OTLP_HEADERS=a=1,=hush":                                     "OTEL_EXPORTER_OTLP_HEADERS: accepted is NAME=VALUE",
		"OTEL_EXPORTER_OTLP_HEADERS=a=hush%zz":                                     "OTEL_EXPORTER_OTLP_HEADERS: accepted is NAME=VALUE",
		"OTEL_EXPORTER_OTLP_TRACES_HEADERS=a=hush%0d%0ab:c":                        "OTEL_EXPORTER_OTLP_TRACES_HEADERS: accepted is NAME=VALUE",
		"OTEL_EXPORTER_OTLP_TIMEOUT=10s":                                           "OTEL_EXPORTER_OTLP_TIMEOUT: accepted is a whole number of milliseconds",
		"OTEL_EXPORTER_OTLP_TIMEOUT=0":                                             "OTEL_EXPORTER_OTLP_TIMEOUT: accepted is",
		"OTEL_EXPORTER_OTLP_COMPRESSION=zstd":                                      "OTEL_EXPORTER_OTLP_COMPRESSION: accepted are gzip and none",
		"OTEL_EXPORTER_OTLP_CERTIFICATE=/nowhere.pem":                              "OTEL_EXPORTER_OTLP_CERTIFICATE: open /nowhere.pem",
		"OTEL_EXPORTER_OTLP_CERTIFICATE=" + empty:                                  "OTEL_EXPORTER_OTLP_CERTIFICATE: there is no certificate in",
		"OTEL_EXPORTER_OTLP_CLIENT_KEY=x":                                          "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE and OTEL_EXPORTER_OTLP_CLIENT_KEY: accepted are both or neither",
		"OTEL_TRACES_SAMPLER=hush":                                                 "OTEL_TRACES_SAMPLER: accepted are always_on, always_off and traceidratio",
		"OTEL_TRACES_SAMPLER=parentbased_":                                         "OTEL_TRACES_SAMPLER: accepted are",
		"OTEL_TRACES_SAMPLER=traceidratio OTEL_TRACES_SAMPLER_ARG=2":               "OTEL_TRACES_SAMPLER_ARG: accepted is a number from 0 to 1",
		"OTEL_TRACES_SAMPLER=parentbased_traceidratio OTEL_TRACES_SAMPLER_ARG=nan": "OTEL_TRACES_SAMPLER_ARG: accepted is",
		"OTEL_RESOURCE_ATTRIBUTES=hush":                                            "OTEL_RESOURCE_ATTRIBUTES: accepted is NAME=VALUE",
	} {
		if !strings.Contains(env, "EXPORTER=") {
			env += " OTEL_TRACES_EXPORTER=otlp"
		}
		traces, err := Start(Config{Env: variables(env), Log: slog.New(slog.DiscardHandler)})
		if traces != nil || err == nil || !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: %v, %v, want %s", env, traces, err, want)
		}
	}
}

// What is said of traces goes before what is said of all signals.
func TestSettings(t *testing.T) {
	for env, want := range map[string]string{
		"": "http://localhost:4318/v1/traces",
		"OTEL_EXPORTER_OTLP_ENDPOINT=https://host:1":                                             "https://host:1/v1/traces",
		"OTEL_EXPORTER_OTLP_ENDPOINT=https://host/otlp/":                                         "https://host/otlp/v1/traces",
		"OTEL_EXPORTER_OTLP_ENDPOINT=http://a OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=https://b/path": "https://b/path",
	} {
		s, err := readSettings(variables(env + " OTEL_TRACES_EXPORTER=otlp"))
		if err != nil || s.endpoint != want {
			t.Errorf("%s: %q, %v", env, s.endpoint, err)
		}
	}
	s, err := readSettings(variables(`OTEL_TRACES_EXPORTER=otlp OTEL_EXPORTER_OTLP_HEADERS=Api-Key=general
		OTEL_EXPORTER_OTLP_TRACES_HEADERS=authorization=Bearer%20x,x-more=a=b, OTEL_EXPORTER_OTLP_TIMEOUT=1500`))
	if err != nil || s.timeout != 1500*time.Millisecond || len(s.headers) != 2 || s.headers.Get("Authorization") != "Bearer x" || s.headers.Get("X-More") != "a=b" {
		t.Errorf("%+v, %v", s, err)
	}
	for sampler, want := range map[string]string{
		"":           "ParentBased{root:AlwaysOnSampler,remoteParentSampled:AlwaysOnSampler,remoteParentNotSampled:AlwaysOffSampler,localParentSampled:AlwaysOnSampler,localParentNotSampled:AlwaysOffSampler}",
		"always_on":  "AlwaysOnSampler",
		"always_off": "AlwaysOffSampler",
		"traceidratio OTEL_TRACES_SAMPLER_ARG=0.25": "TraceIDRatioBased{0.25}",
		"parentbased_always_off":                    "ParentBased{root:AlwaysOffSampler,remoteParentSampled:AlwaysOnSampler,remoteParentNotSampled:AlwaysOffSampler,localParentSampled:AlwaysOnSampler,localParentNotSampled:AlwaysOffSampler}",
	} {
		s, err := readSettings(variables("OTEL_TRACES_EXPORTER=otlp OTEL_TRACES_SAMPLER=" + sampler))
		if err != nil || s.sampler.Description() != want {
			t.Errorf("%s: %v, %v", sampler, s.sampler.Description(), err)
		}
	}
	if passes := statusError(http.StatusBadRequest).mayPass(); passes {
		t.Error("400 may pass")
	}
}
