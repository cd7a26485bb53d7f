package traces

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
)

// settings are what the environment says. The names and defaults of the variables are
// those of OpenTelemetry: https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
// and https://opentelemetry.io/docs/specs/otel/protocol/exporter/. One thing differs: the
// default exporter is none, unless an endpoint is named.
type settings struct {
	on         bool
	endpoint   string
	headers    http.Header
	timeout    time.Duration // of one upload, with what is tried again
	gzip       bool
	tls        *tls.Config
	sampler    sdktrace.Sampler
	attributes []attribute.KeyValue
}

// environment is where settings come from. An empty variable is one that is not set.
type environment func(name string) (string, bool)

// first is the value of the first variable that is set, and its name.
func (e environment) first(names ...string) (name, value string) {
	for _, name := range names {
		if value, _ := e(name); strings.TrimSpace(value) != "" {
			return name, strings.TrimSpace(value)
		}
	}
	return names[len(names)-1], ""
}

// exporter is the value of a variable of the exporter, for traces or for all signals.
func (e environment) exporter(suffix string) (name, value string) {
	return e.first("OTEL_EXPORTER_OTLP_TRACES_"+suffix, "OTEL_EXPORTER_OTLP_"+suffix)
}

func readSettings(env environment) (s settings, err error) {
	if _, disabled := env.first("OTEL_SDK_DISABLED"); strings.EqualFold(disabled, "true") {
		return s, nil
	}
	_, endpoint := env.exporter("ENDPOINT")
	switch name, exporter := env.first("OTEL_TRACES_EXPORTER"); exporter {
	case "otlp":
		s.on = true
	case "":
		s.on = endpoint != ""
	case "none":
	default:
		return s, fmt.Errorf("%s: accepted are otlp and none", name)
	}
	if !s.on {
		return s, nil
	}
	for _, read := range []func(environment) error{
		s.readProtocol, s.readEndpoint, s.readHeaders, s.readTimeout, s.readTLS, s.readSampler, s.readAttributes,
	} {
		if err := read(env); err != nil {
			return s, err
		}
	}
	return s, nil
}

func (s *settings) readProtocol(env environment) error {
	if name, protocol := env.exporter("PROTOCOL"); protocol != "" && protocol != "http/protobuf" {
		return fmt.Errorf("%s: accepted is http/protobuf, which collectors take on port 4318", name)
	}
	switch name, compression := env.exporter("COMPRESSION"); compression {
	case "", "none":
	case "gzip":
		s.gzip = true
	default:
		return fmt.Errorf("%s: accepted are gzip and none", name)
	}
	return nil
}

// defaultEndpoint is where a collector on this machine listens.
const defaultEndpoint = "http://localhost:4318"

func (s *settings) readEndpoint(env environment) error {
	name, endpoint := env.exporter("ENDPOINT")
	if endpoint == "" {
		endpoint = defaultEndpoint
	}
	u, err := url.Parse(endpoint)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		return fmt.Errorf("%s: accepted is a URL such as %s", name, defaultEndpoint)
	}
	if name == "OTEL_EXPORTER_OTLP_ENDPOINT" { // of all signals
		u = u.JoinPath("v1", "traces")
	}
	s.endpoint = u.String()
	return nil
}

func (s *settings) readHeaders(env environment) error {
	name, text := env.exporter("HEADERS")
	s.headers = make(http.Header)
	return eachPair(name, text, func(key, value string) { s.headers.Set(key, value) })
}

// eachPair takes a list as a=b,c=d apart, values percent-encoded.
func eachPair(name, text string, take func(key, value string)) error {
	for pair := range strings.SplitSeq(text, ",") {
		if strings.TrimSpace(pair) == "" {
			continue
		}
		key, value, found := strings.Cut(pair, "=")
		key = strings.TrimSpace(key)
		value, err := url.PathUnescape(strings.TrimSpace(value))
		if !found || err != nil || key == "" || strings.ContainsAny(key, " \t\"():;<>?@[]{}") || strings.ContainsFunc(key+value, isControl) {
			return fmt.Errorf("%s: accepted is NAME=VALUE,NAME=VALUE, with values percent-encoded", name)
		}
		take(key, value)
	}
	return nil
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f }

func (s *settings) readTimeout(env environment) error {
	s.timeout = 10 * time.Second
	name, text := env.exporter("TIMEOUT")
	if text == "" {
		return nil
	}
	milliseconds, err := strconv.ParseUint(text, 10, 31)
	if err != nil || milliseconds == 0 {
		return fmt.Errorf("%s: accepted is a whole number of milliseconds from 1", name)
	}
	s.timeout = time.Duration(milliseconds) * time.Millisecond
	return nil
}

func (s *settings) readTLS(env environment) error {
	name, file := env.exporter("CERTIFICATE")
	s.tls = &tls.Config{MinVersion: tls.VersionTLS12}
	if file != "" {
		pem, err := os.ReadFile(file)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		s.tls.RootCAs = x509.NewCertPool()
		if !s.tls.RootCAs.AppendCertsFromPEM(pem) {
			return fmt.Errorf("%s: there is no certificate in %s", name, file)
		}
	}
	name, file = env.exporter("CLIENT_CERTIFICATE")
	keyName, key := env.exporter("CLIENT_KEY")
	switch {
	case file == "" && key == "":
		return nil
	case file == "" || key == "":
		return fmt.Errorf("%s and %s: accepted are both or neither", name, keyName)
	}
	certificate, err := tls.LoadX509KeyPair(file, key)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	s.tls.Certificates = []tls.Certificate{certificate}
	return nil
}

func (s *settings) readSampler(env environment) error {
	argumentName, argument := env.first("OTEL_TRACES_SAMPLER_ARG")
	name, sampler := env.first("OTEL_TRACES_SAMPLER")
	root := sdktrace.AlwaysSample()
	kind, parentBased := strings.CutPrefix(sampler, "parentbased_")
	switch kind {
	case "always_on":
	case "always_off":
		root = sdktrace.NeverSample()
	case "traceidratio":
		ratio := 1.0
		if argument != "" {
			var err error
			if ratio, err = strconv.ParseFloat(argument, 64); err != nil || !(0 <= ratio && ratio <= 1) {
				return fmt.Errorf("%s: accepted is a number from 0 to 1", argumentName)
			}
		}
		root = sdktrace.TraceIDRatioBased(ratio)
	default:
		if sampler != "" {
			return fmt.Errorf("%s: accepted are always_on, always_off and traceidratio, each with parentbased_ before it or not", name)
		}
		parentBased = true
	}
	s.sampler = root
	if parentBased {
		s.sampler = sdktrace.ParentBased(root)
	}
	return nil
}

func (s *settings) readAttributes(env environment) error {
	name, text := env.first("OTEL_RESOURCE_ATTRIBUTES")
	err := eachPair(name, text, func(key, value string) { s.attributes = append(s.attributes, attribute.String(key, value)) })
	if _, service := env.first("OTEL_SERVICE_NAME"); service != "" {
		s.attributes = append(s.attributes, semconv.ServiceName(service))
	}
	return err
}

// statusError is an answer of the collector that is not a yes.
type statusError int

func (e statusError) Error() string {
	return fmt.Sprintf("the collector answered %d %s", int(e), http.StatusText(int(e)))
}

// mayPass tells whether the collector may take later what it does not take now.
func (e statusError) mayPass() bool {
	switch e {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// reason is why an upload failed, without the URL that net/http puts before it: that may
// hold a key.
func reason(err error) error {
	for failed := (*url.Error)(nil); errors.As(err, &failed); {
		err = failed.Err
	}
	return err
}
