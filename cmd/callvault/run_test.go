package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/callvault/callvault/internal/command"
)

const (
	exitOK      = command.ExitOK
	exitFailed  = command.ExitFailed
	exitUsage   = command.ExitUsage
	exitSkipped = command.ExitSkipped
)

// cli runs the program in a folder of its own: CALLVAULT_DB names a store that
// does not exist yet.
type cli struct {
	t     *testing.T
	env   map[string]string
	stdin string
}

func newCLI(t *testing.T) *cli {
	return &cli{t: t, env: map[string]string{
		"CALLVAULT_DB":     filepath.Join(t.TempDir(), "calls.db"),
		"CALLVAULT_LISTEN": "127.0.0.1:0",
		"CALLVAULT_MANAGE": "127.0.0.1:0",
	}}
}

// outcome is what a run of the program left behind.
type outcome struct {
	code           int
	stdout, stderr string
}

func (c *cli) run(args ...string) outcome {
	c.t.Helper()
	return c.runContext(c.t.Context(), strings.NewReader(c.stdin), args...)
}

func (c *cli) runContext(ctx context.Context, stdin io.Reader, args ...string) outcome {
	var stdout, stderr bytes.Buffer
	code := run(ctx, args, c.lookup, stdin, &stdout, &stderr)
	return outcome{code, stdout.String(), stderr.String()}
}

func (c *cli) lookup(name string) (string, bool) {
	value, ok := c.env[name]
	return value, ok
}

// must runs what has to succeed and returns its output.
func (c *cli) must(args ...string) string {
	c.t.Helper()
	got := c.run(args...)
	if got.code != exitOK {
		c.t.Fatalf("%q ended with %d: %s", args, got.code, got.stderr)
	}
	return got.stdout
}

// file writes a file of lines and returns its name.
func (c *cli) file(name string, lines ...string) string {
	c.t.Helper()
	path := filepath.Join(c.t.TempDir(), name)
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		c.t.Fatal(err)
	}
	return path
}

// Commands that only hold others say so, and name no flags to run them with.
func TestUsageOfGroups(t *testing.T) {
	c := newCLI(t)
	for args, want := range map[string]string{"--help": "callvault [command]", "key --help": "callvault key [command]", "calls --help": "callvault calls [flags]"} {
		if got := c.must(strings.Fields(args)...); !strings.Contains(got, "Usage:\n  "+want+"\n") {
			t.Errorf("%s: want %s in\n%s", args, want, got)
		}
	}
}

// TestUsage: what is wrong is said in words, with what is accepted, before
// anything is done.
func TestUsage(t *testing.T) {
	for _, tt := range []struct {
		args string
		want string
	}{
		{"imprt", `unknown command "imprt" for "callvault"; did you mean import?`},
		{"key make", `unknown command "make" for "callvault key"`},
		{"serve now", `unexpected argument: "now"; type callvault serve`},
		{"serve --prot 1", "unknown flag --prot"},
		{"serve --page-sice 1", "unknown flag --page-sice; did you mean --page-size?"},
		{"export --form 2026", "unknown flag --form; did you mean --force or --from?"},
		{"calls -x", "unknown flag -x"},
		{"serve --page-size 1001", "--page-size 1001 must be from 1 to 1000"},
		{"serve --nulls none", `--nulls "none": use null or empty`},
		{"serve --cursor-life 31d", `--cursor-life "31d" must be from 1min to 30d, such as 30min, 2h or 7d`},
		{"serve --cursor-life 2026-01-01", `--cursor-life "2026-01-01" must be from 1min to 30d, such as 30min, 2h or 7d`},
		{"serve --rate-limit fast", `--rate-limit "fast" is not a limit; use off, gong, N/s, M/day or N/s,M/day with whole numbers from 1`},
		{"serve --dates maybe", `--dates "maybe": use required or optional`},
		{"serve --demo --db x.db", "--db and --demo exclude each other; leave one out"},
		{"check --db postgres:/callvault", `--db is not a PostgreSQL URL; use postgres://HOST/DATABASE`},
		{"import - --db host=/tmp:dbname=callvault:password=hush", `--db is not a PostgreSQL URL`},
		{"import - --db password=hush", `--db is not a PostgreSQL URL`},
		{"info --db host=/tmp", `--db is not a PostgreSQL URL`},
		{"import - --db postgres//me:hush@host/db", `--db is not a PostgreSQL URL`},
		{"doctor --db POSTGRES:/me:hush@host/db", `--db is not a PostgreSQL URL`},
		{"copy --from x.db --to user=me%20password=hush", `--to is not a PostgreSQL URL`},
		{"serve --listen 127.0.0.1:0 --manage off --db mysql://me:hush@host/db", `--db "mysql" is not a kind of store; use the path of a SQLite file or postgres://HOST/DATABASE`},
		{"serve --db postgres://me:hush@host/db", "--db shows a password to every user of this machine; put the URL into CALLVAULT_DB"},
		{"export --db postgres://host/db?password=hush", "--db shows a password"},
		{"import", "FILE is missing; type callvault import FILE..."},
		{"import - -", "standard input (-) is named twice; name it once"},
		{"import - --company a/b", `--company "a/b": a company's name has 1 to 64 letters`},
		{"import - --app-url app.example.com", `--app-url "app.example.com": use an address such as https://`},
		{"import - --app-url https://app.example.com/?id=", `--app-url "https://app.example.com/?id=": use an address such as`},
		{"import - --workspace main", `--workspace "main" is not an id; use a number of 1 to 20 digits`},
		{"export calls.xlsx", "calls.xlsx: unknown extension .xlsx; end the name with .ndjson, .json, .csv, .parquet, or pass --output"},
		{"export calls.csv.bz2", "calls.csv.bz2: unknown extension .bz2; end the name with"},
		{"export calls.tsv.zst", "calls.tsv.zst: unknown extension .tsv"},
		{"calls --where direction:sideways", "--where direction:sideways: use inbound, outbound, conference or unknown"},
		{"export --where longer:30", "--where longer:30: use whole seconds, minutes or hours, such as longer:90s or longer:1h30m"},
		{`calls --where "harbor`, `--where "harbor: the quote is not closed; type "harbor"`},
		{"calls --where …", `--where "…" has no word; type words of a title, or fields such as host:Ana`},
		{"export --where=", "--where is empty; give a value, or leave the flag out"},
		{"export --kind users --where a", "--where is for calls; leave it out with --kind users"},
		{"export a b", `unexpected argument: "b"; type callvault export [FILE]`},
		{"export --from 2026-02-01 --to 2026-02-01", "--from 2026-02-01 must be before --to 2026-02-01"},
		{"export --to soon", `--to "soon" is not a time; use a date`},
		{"delete --yes", "say which calls to delete with either --id or --before"},
		{"delete --yes --id 1 --before 2026-01-01", "--before and --id exclude each other; leave one out"},
		{"delete --yes --id one", `--id "one" is not an id; use a number of 1 to 20 digits`},
		{"delete --yes --before 20260101", `--before "20260101" is not a time; use a date`},
		{"delete --yes --before 2026-01-01 --tz Europe/Munich", `--tz "Europe/Munich" is not a time zone`},
		{"key create --scope calls", `--scope "calls": unknown scope; use api:calls:read:basic, api:calls:read:extensive, api:calls:read:transcript, api:users:read, api:workspaces:read, api:calls:create or callvault:profiles:read`},
		{"key create --expires soon", `--expires "soon" is not a time to come; use a time from now such as 12h, 90d, 2w or 1y, or a date such as 20`},
		{"key create --expires -1d", `--expires "-1d" is not a time to come`},
		{"check --accept-loss", "--accept-loss is for --repair; add --repair, or leave it out"},
		{"restore --in-place b.db", "--in-place takes no FILE"},
		{"restore", "FILE is missing; type callvault restore FILE"},
		{"key create --name " + strings.Repeat("x", 101), `--name "` + strings.Repeat("x", 40) + `": use at most 100 characters, without line ends`},
		{"key list -o yaml", `--output "yaml": use text or json`},
		{"key create --scope=", "--scope is empty; give a value, or leave the flag out"},
		{"serve --listen 8080", `--listen "8080" must be HOST:PORT`},
		{"serve --log xml", `--log "xml": use auto, text or json`},
		{"serve --log-level loud", `--log-level "loud": use debug, info, warn or error`},
		{"serve --manage none", `--manage "none" must be HOST:PORT with a port up to 65535, such as 127.0.0.1:8081, or :8081 for every address, or off for none`},
		{"serve --listen 127.0.0.1:99999", `--listen "127.0.0.1:99999" must be HOST:PORT`},
		{"serve --listen 127.0.0.1:http-nonsense", `--listen "127.0.0.1:http-nonsense" must be HOST:PORT`},
		{"serve --seed 3", "--seed is for --demo"},
		{"key list --db=", "--db is empty; give a value, or leave the flag out"},
		{"key list --db :memory:", `--db ":memory:" is not a store; use the path of a SQLite file or postgres://`},
		{"copy --from a.db --to postgres://me:hush@host/db", "--to shows a password to every user of this machine; put the URL into CALLVAULT_COPY_TO"},
		{"backup b.db --db postgres://host/db", "backup and restore are for SQLite stores; for PostgreSQL use pg_dump, or"},
		{"restore b.db --db postgres://host/db", "backup and restore are for SQLite stores; for PostgreSQL use pg_restore and"},
		{"backup b.db --db postgres://me:hush@host/db", "--db shows a password"},
		{"backup postgres://me:hush@host/db", "an argument shows a password to every user of this machine"},
		{"restore postgresql://host/db?password=hush", "an argument shows a password"},
		{"import postgres://me:hush@host/db", "an argument shows a password"},
		{"export postgres://me:hush@host/db", "an argument shows a password"},
		{"backup postgres://host/db", "FILE must be the path of a file; backup"},
		{"restore postgres://host/db", "FILE must be the path of a file; backup"},
		{"backup b.db --db mysql://host/db", `--db "mysql" is not a kind of store`},
		{"restore b.db --db=", "--db is empty"},
		{"backup", "FILE is missing; type callvault backup FILE"},
		{"healthcheck --timeout 0", "--timeout 0s must be longer than 0"},
		{"healthcheck --timeout -1s", "--timeout -1s must be longer than 0"},
		{"completion bash x", `unexpected argument: "x"; type callvault completion bash`},
		{"key revoke", "ID is missing; type callvault key revoke ID"},
		{"mysql://me:hush@host", "unexpected argument: a URL; type callvault COMMAND"},
		{"key mysql://me:hush@host", "unexpected argument: a URL; type callvault key COMMAND"},
		{"serve mysql://me:hush@host", "unexpected argument: a URL; type callvault serve"},
		{"mirror https://us-1.api.gong.io", "unexpected argument: a URL; type callvault mirror --url URL"},
		{"calls https://us-1.api.gong.io", "unexpected argument: a URL; type callvault calls --url URL"},
		{"calls --limit many", `--limit "many": use a whole number, such as 100`},
		{"serve --demo --script early", `--script "early": use still or late`},
		{"serve --script late", "--script is for --demo; add --demo, or leave it out"},
		{"serve --daily 100", "--daily is for --mirror; add --mirror, or leave it out"},
		{"serve --demo --credentials key.txt", "--credentials is for --mirror; add --mirror, or leave it out"},
		{"serve --demo --seed -1", `--seed "-1": use a whole number`},
		{"mirror", "say which server to mirror: callvault mirror --url https://us-12345.api.gong.io"},
		{"mirror --url us-1.api.gong.io", "--url: use http:// or https:// with a host, such as https://us-12345.api.gong.io"},
		{"mirror --url https://me:hush@us-1.api.gong.io", "--url: it has a credential"},
		{"mirror --url https://us-1.api.gong.io --whole", "--whole is for --once; add --once, or leave it out"},
		{"mirror --url https://us-1.api.gong.io", "the server needs a credential; set GONG_ACCESS_KEY"},
		{"mirror --pace fast", `--pace "fast" is not a pace; use N/s or N/min, such as 1/s or 30/min`},
		{"mirror --daily many", `--daily "many": use a whole number, such as 100`},
		{"mirror begin", `unknown command "begin" for "callvault mirror"`},
		{"mirror accept --own all", `--own "all": use keep or delete`},
		{"serve --demo --mirror https://us-1.api.gong.io", "--demo and --mirror exclude each other; leave one out"},
		{"serve --read-only --mirror https://us-1.api.gong.io", "--mirror and --read-only exclude each other; leave one out"},
		{"serve --read-only=maybe", `--read-only "maybe": use true or false`},
		{"healthcheck --timeout 5", `--timeout "5": use a duration with its unit, such as 5s or 1m30s`},
		{"calls --url", "--url needs a value; give the server's address, such as https://us-12345.api.gong.io"},
		{"calls --url=", "--url is empty; give the server's address, such as https://us-12345.api.gong.io"},
		{"delete --yes --id 1 --id=", "--id is empty; give a value, or leave the flag out"},
	} {
		c := newCLI(t)
		got := c.run(strings.Fields(tt.args)...)
		if got.code != exitUsage || !strings.HasPrefix(got.stderr, "callvault: "+tt.want) || got.stdout != "" {
			t.Errorf("%s: code %d\n got %swant %s", tt.args, got.code, got.stderr, tt.want)
		}
		if strings.Contains(got.stderr, "hush") {
			t.Errorf("%s: the password is in %s", tt.args, got.stderr)
		}
		if _, err := os.Stat(c.env["CALLVAULT_DB"]); err == nil {
			t.Errorf("%s made a store", tt.args)
		}
	}
}

// TestEmpty: no command takes an empty flag or argument for one that is left out.
func TestEmpty(t *testing.T) {
	var visit func(cmd *cobra.Command)
	visit = func(cmd *cobra.Command) {
		for _, sub := range cmd.Commands() {
			visit(sub)
		}
		if cmd.RunE == nil || !cmd.HasParent() || cmd.HasSubCommands() {
			return
		}
		path := strings.Fields(cmd.CommandPath())[1:]
		refused := func(want string, args ...string) {
			got := newCLI(t).run(append(path[:len(path):len(path)], args...)...)
			if got.code != exitUsage || !strings.HasPrefix(got.stderr, "callvault: "+want) || got.stdout != "" {
				t.Errorf("%s %q: got %+v", cmd.CommandPath(), args, got)
			}
		}
		cmd.LocalFlags().VisitAll(func(f *pflag.Flag) { refused("--"+f.Name+" is empty; ", "--"+f.Name+"=") })
		refused("argument 1 is empty; type "+cmd.CommandPath(), "")
	}
	visit((&app{env: os.LookupEnv}).root())
}

func TestVersionAndHelp(t *testing.T) {
	c := newCLI(t)
	if got := c.must("version"); !regexp.MustCompile(`^callvault \S+ go1\.\d+\S* \w+/\w+\n$`).MatchString(got) {
		t.Errorf("version: %q", got)
	}
	if got := c.must("--version"); !strings.HasPrefix(got, "callvault version ") {
		t.Errorf("--version: %q", got)
	}
	for flag, want := range map[string]string{"dates": "optional", "rate-limit": "gong"} {
		if got := c.must("__complete", "serve", "--"+flag, ""); !strings.Contains(got, want+"\n") {
			t.Errorf("--%s completes to %q", flag, got)
		}
	}
	if help := c.must(); help != c.must("--help") || !strings.Contains(help, "callvault serve --demo") {
		t.Errorf("without a command: %s", help)
	}
	if script := c.must("completion", "bash"); !strings.Contains(script, "bash completion") {
		t.Errorf("completion: %.200s", script)
	}
}

// TestHelpIsWhole: every command has a text and an example, and names the
// environment variable of every flag.
func TestHelpIsWhole(t *testing.T) {
	var visit func(path []string, cmd *cobra.Command)
	visit = func(path []string, cmd *cobra.Command) {
		for _, sub := range cmd.Commands() {
			visit(append(path[:len(path):len(path)], sub.Name()), sub)
		}
		if cmd.Short == "" {
			t.Errorf("%s has no text", cmd.CommandPath())
		}
		if cmd.RunE == nil || cmd.HasSubCommands() || strings.Contains(cmd.CommandPath(), "completion") {
			return // cobra's own, or not to be run
		}
		if !strings.Contains(cmd.Long, "\n\nExamples:\n") && cmd.LocalFlags().HasFlags() {
			t.Errorf("%s has no example", cmd.CommandPath())
		}
		help := newCLI(t).must(append(path, "--help")...)
		cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
			if name := (&app{}).program().Variable(cmd, f.Name); !f.Hidden && !strings.Contains(help, "["+name+"]") {
				t.Errorf("%s does not name %s", cmd.CommandPath(), name)
			}
		})
	}
	visit(nil, (&app{env: os.LookupEnv}).root())
}

// The help of the program begins with examples, and has its commands in groups.
func TestHelpIsGrouped(t *testing.T) {
	help := newCLI(t).must("--help")
	at := -1
	for _, part := range []string{"\nExamples:\n  callvault serve --demo", "\nData:\n  call ", "\nServer:\n  healthcheck ", "\nCare:\n  backup ", "\nAdditional Commands:\n  completion"} {
		if next := strings.Index(help, part); next <= at {
			t.Errorf("%q is not where it should be in\n%s", part, help)
		} else {
			at = next
		}
	}
}

// A variable that no flag has is named, and its value is not.
func TestUnknownVariables(t *testing.T) {
	got := unknownVariables([]string{"CALLVAULT_DB=a", "CALLVAULT_SERVE_PAGE_SICE=hush", "CALLVAULT_TOKEN=hush", "CALLVAULT_EXPORT_URL=a", "callvault_x=1",
		"CALLVAULT_SERVICE_HOST=10.0.0.1", "CALLVAULT_PORT_8080_TCP=tcp://10.0.0.1:8080", "CALLVAULT_COPY_TO=b", "CALLVAULT_PASWORD", "HOME=/"})
	if want := []string{"CALLVAULT_SERVE_PAGE_SICE; did you mean CALLVAULT_SERVE_PAGE_SIZE?", "CALLVAULT_PASWORD"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestEnvironment: a flag that is not given is read from its variable; one
// that is given wins; a bad value is named with its variable.
func TestEnvironment(t *testing.T) {
	c := newCLI(t)
	c.env["CALLVAULT_COMPANY"] = "acme"
	c.env["CALLVAULT_KEY_CREATE_BEARER"] = "true"
	c.env["CALLVAULT_KEY_CREATE_SCOPE"] = "api:calls:read:basic,callvault:profiles:read"
	if got := c.run("key", "create"); !strings.HasPrefix(got.stdout, "token ") || !strings.Contains(got.stderr, `made company "acme"`) {
		t.Errorf("got %+v", got)
	}
	if list := c.must("key", "list"); !strings.Contains(list, "bearer") || !strings.Contains(list, "callvault:profiles:read") {
		t.Errorf("listed %s", list)
	}
	if got := c.run("key", "create", "--bearer=false"); !strings.HasPrefix(got.stdout, "accessKey ") {
		t.Errorf("a flag did not win: %+v", got)
	}
	c.env["CALLVAULT_DELETE_ID"], c.env["CALLVAULT_DELETE_BEFORE"] = "1", "2100-01-01"
	if got := c.run("delete", "--yes"); got.code != exitUsage || !strings.Contains(got.stderr, "CALLVAULT_DELETE_BEFORE and CALLVAULT_DELETE_ID exclude each other; unset one") {
		t.Errorf("%+v", got)
	}
	c.env["CALLVAULT_KEY_CREATE_BEARER"] = "perhaps"
	if got := c.run("key", "create"); got.code != exitUsage || !strings.Contains(got.stderr, `CALLVAULT_KEY_CREATE_BEARER "perhaps": use true or false`) {
		t.Errorf("got %+v", got)
	}
}
