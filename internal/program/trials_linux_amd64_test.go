package program_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/callvault/callvault/internal/program"
)

// importTrial imports bursts through a pipe, each when there was an acknowledgement after
// the one before. On a busy machine a burst is committed in several batches.
func importTrial(bursts func(*rand.Rand) []string) func(*program.CLI, *recorder) func(*program.CLI, []deed) error {
	return func(c *program.CLI, r *recorder) func(*program.CLI, []deed) error {
		c.T.Helper()
		fillStore(c, 20)
		undisturbed := cloneFile(c.T, c)
		parts := bursts(chance(c.T, 0))
		in, source, err := os.Pipe()
		if err != nil {
			c.T.Fatal(err)
		}
		defer in.Close()
		rest := make(chan string, len(parts))
		for _, part := range parts {
			rest <- part
		}
		close(rest)
		next := make(chan struct{}, len(parts)+1)
		next <- struct{}{}
		var feeding sync.WaitGroup
		feeding.Go(func() {
			defer source.Close()
			for range next {
				part, more := <-rest
				if !more {
					return
				}
				if _, err := source.WriteString(part); err != nil {
					c.T.Error(err)
					return
				}
			}
		})
		r.onSaid = func(string) {
			select {
			case next <- struct{}{}:
			default: // all bursts are on their way
			}
		}
		r.run(c, in, "import", "-")
		close(next)
		feeding.Wait()
		states := statesAfter(undisturbed, strings.SplitAfter(strings.Join(parts, ""), "\n"), r.deeds)
		return func(c *program.CLI, done []deed) error { return isOneOf(c, states, saying(done, "committed ")) }
	}
}

// statesAfter are the digests of a store before an import of lines and after each of the
// batches that it was acknowledged in.
func statesAfter(c *program.CLI, lines []string, done []deed) []string {
	c.T.Helper()
	states := []string{c.Must("check", "--digest")}
	begin := 0
	for _, one := range done {
		if one.kind != said {
			continue
		}
		for line := range strings.Lines(string(one.data)) {
			end := 0
			if _, err := fmt.Sscanf(line, "committed -:%d", &end); err != nil {
				continue
			}
			if got := c.Pipe(strings.Join(lines[begin:end], ""), "import", "-"); got.Code != program.ExitOK {
				c.T.Fatalf("%+v", got)
			}
			states, begin = append(states, c.Must("check", "--digest")), end
		}
	}
	return states
}

func recordsInTurn(*rand.Rand) (bursts []string) {
	for i := range 3 {
		bursts = append(bursts, recordsFrom(1000+100*i, 100))
	}
	return bursts
}

// recordsShuffled are new calls among those that are there, and changes of them.
func recordsShuffled(random *rand.Rand) (bursts []string) {
	for range 3 {
		lines := strings.SplitAfter(recordsFrom(10, 200), "\n")[:200]
		random.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
		bursts = append(bursts, strings.ReplaceAll(strings.Join(lines[:80], ""), `"title":"`, fmt.Sprintf(`"title":"%d `, random.Uint32())))
	}
	return bursts
}

// restartTrial is an import that restarts the log.
func restartTrial(c *program.CLI, r *recorder) func(*program.CLI, []deed) error {
	holds := importTrial(recordsLarge)(c, r)
	begun := 0
	for _, one := range r.deeds[r.begun:] {
		if one.kind == written && one.at == 0 && bytes.HasPrefix(one.data, []byte{0x37, 0x7f, 0x06}) { // of a log
			begun++
		}
	}
	if begun < 2 {
		c.T.Errorf("the log was begun %d times", begun)
	}
	return holds
}

// recordsLarge are more than the log takes before it is restarted.
func recordsLarge(*rand.Rand) (bursts []string) {
	long := strings.Repeat("callvault ", 6000)
	for i := range 4 {
		var part strings.Builder
		for id := range 100 {
			part.WriteString(strings.Replace(callLine(1000+100*i+id), `"title":"`, `"title":"`+long, 1) + "\n")
		}
		bursts = append(bursts, part.String())
	}
	return bursts
}

// deleteTrial deletes half of the calls and rewrites the file.
func deleteTrial(c *program.CLI, r *recorder) func(*program.CLI, []deed) error {
	fillStore(c, 300)
	undisturbed := cloneFile(c.T, c)
	args := []string{"delete", "--yes", "--id", strings.Join(ids(1, 150), ",")}
	states := []string{undisturbed.Must("check", "--digest")}
	undisturbed.Must(args...)
	states = append(states, undisturbed.Must("check", "--digest"))
	r.run(c, nil, args...)
	return func(c *program.CLI, done []deed) error {
		if err := isOneOf(c, states, saying(done, "deleted ")); err != nil || ends(done) == 0 {
			return err
		}
		// What was deleted for good does not come back, not even between the rows.
		for _, name := range []string{c.DB, c.DB + "-wal"} {
			if content, err := os.ReadFile(name); err == nil && bytes.Contains(content, []byte("Call 75 about")) {
				return fmt.Errorf("%s has a call that was deleted", filepath.Base(name))
			}
		}
		return nil
	}
}

// backupTrial writes a backup beside the store.
func backupTrial(c *program.CLI, r *recorder) func(*program.CLI, []deed) error {
	fillStore(c, 300)
	want := c.Must("check", "--digest")
	r.run(c, nil, "backup", "backup.db")
	return wholeOrAbsent("backup.db", want)
}

// restoreTrial makes a store of a backup.
func restoreTrial(c *program.CLI, r *recorder) func(*program.CLI, []deed) error {
	fillStore(c, 300)
	want := c.Must("check", "--digest")
	c.Must("backup", "backup.db")
	r.run(c, nil, "restore", "--db", "restored.db", "backup.db")
	return wholeOrAbsent("restored.db", want)
}

// exportTrial writes all calls to a file.
func exportTrial(c *program.CLI, r *recorder) func(*program.CLI, []deed) error {
	fillStore(c, 300)
	want := c.Must("export")
	r.run(c, nil, "export", "calls.ndjson")
	return func(c *program.CLI, done []deed) error {
		got, err := os.ReadFile(filepath.Join(c.Folder, "calls.ndjson"))
		if os.IsNotExist(err) && ends(done) == 0 {
			return nil
		}
		if err != nil || string(got) != want {
			return fmt.Errorf("the file has %d bytes of %d, %w", len(got), len(want), err)
		}
		return nil
	}
}

// wholeOrAbsent holds of a file that is written beside a store.
func wholeOrAbsent(name, want string) func(*program.CLI, []deed) error {
	return func(c *program.CLI, done []deed) error {
		_, err := os.Stat(filepath.Join(c.Folder, name))
		switch {
		case os.IsNotExist(err) && ends(done) == 0:
		case err != nil:
			return err
		default:
			if got, err := digest(c, name); err != nil || got != want {
				return fmt.Errorf("%s has the digest %s, %w", name, got, err)
			}
		}
		if got, err := digest(c, c.DB); err != nil || got != want {
			return fmt.Errorf("the store has the digest %s, %w", got, err)
		}
		return nil
	}
}

// keysTrial makes three keys and revokes the first.
func keysTrial(c *program.CLI, r *recorder) func(*program.CLI, []deed) error {
	first := fillStore(c, 20)
	want := c.Must("export")
	for range 2 {
		r.run(c, nil, "key", "create", "-o", "json")
	}
	r.run(c, nil, "key", "revoke", first.AccessKey)
	return func(c *program.CLI, done []deed) error {
		got, err := c.Try(strings.NewReader(""), "key", "list", "-o", "json")
		if err != nil {
			return err
		}
		var keys []struct {
			ID      string
			Revoked *string
		}
		if err := json.Unmarshal([]byte(got.Stdout), &keys); err != nil {
			return fmt.Errorf("%w: %+v", err, got)
		}
		there := make(map[string]bool)
		for _, k := range keys {
			there[k.ID] = k.Revoked != nil
		}
		made := 0
		for _, one := range done {
			var k program.Key
			if one.kind != said || json.Unmarshal(one.data, &k) != nil {
				continue
			}
			made++
			if _, ok := there[k.AccessKey]; !ok {
				return fmt.Errorf("a key is gone: %s", got.Stdout)
			}
		}
		if len(keys) < 1+made || len(keys) > 2+made || ends(done) == 3 && !there[first.AccessKey] || ends(done) < 2 && there[first.AccessKey] {
			return fmt.Errorf("%d keys were made after the first, %d runs have ended: %s", made, ends(done), got.Stdout)
		}
		if exported, err := c.Try(strings.NewReader(""), "export"); err != nil || exported.Stdout != want {
			return fmt.Errorf("export: %+v, %w", exported, err)
		}
		_, err = digest(c, c.DB)
		return err
	}
}

// isNamedFirst tells whether the name of a file that is made is on the disk before the next one is
// made.
func isNamedFirst(deeds []deed, name string) bool {
	at := slices.IndexFunc(deeds, func(d deed) bool { return d.kind == made && d.name == name })
	rest := deeds[at+1:]
	next := slices.IndexFunc(rest, func(d deed) bool { return d.kind == made || d.kind == allSynced })
	return rest[next].kind == allSynced
}

// newStoreTrial makes a store and puts calls into it, twice.
func newStoreTrial(c *program.CLI, r *recorder) func(*program.CLI, []deed) error {
	parts := []string{recordsFrom(1, 50), recordsFrom(51, 50)}
	for i, part := range parts {
		name := filepath.Join(c.T.TempDir(), fmt.Sprintf("%d.ndjson", i))
		if err := os.WriteFile(name, []byte(part), 0o600); err != nil {
			c.T.Fatal(err)
		}
		r.run(c, nil, "import", name)
	}
	if !isNamedFirst(r.deeds[r.begun:], filepath.Base(c.DB)) {
		c.T.Error("another file is made before the store's own name is on the disk, which a loss of power may keep alone")
	}
	states := []string{"", "", ""}
	undisturbed := program.New(c.T)
	for i, part := range parts {
		undisturbed.Pipe(part, "import", "-")
		states[i+1] = undisturbed.Must("export")
	}
	return func(c *program.CLI, done []deed) error {
		acknowledged := saying(done, "committed ")
		got, err := c.Try(strings.NewReader(""), "export")
		if err != nil {
			return err
		}
		if at := slices.Index(states, got.Stdout); at < acknowledged || at > acknowledged+1 || at > 0 && got.Code != program.ExitOK {
			return fmt.Errorf("%d batches were acknowledged, and it is as after %d: %+v", acknowledged, at, got)
		}
		// Whatever is left, the same runs complete it.
		for _, part := range parts {
			if got, err := c.Try(strings.NewReader(part), "import", "-"); err != nil || got.Code != program.ExitOK {
				return fmt.Errorf("import again: %+v, %w", got, err)
			}
		}
		if _, err := digest(c, c.DB); err != nil {
			return err
		}
		if got, err := c.Try(strings.NewReader(""), "export"); err != nil || got.Stdout != states[2] {
			return fmt.Errorf("imported again: %+v, %w", got, err)
		}
		return nil
	}
}
