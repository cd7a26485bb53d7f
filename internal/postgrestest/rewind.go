//go:build unix

package postgrestest

import "path/filepath"

// Keep keeps the data as they are now, with the server shut down. Rewind serves them
// again, as a restore to a point in time does, or a standby that had not received
// what was committed last.
func (f *Fragile) Keep() (rewind func()) {
	f.t.Helper()
	kept := filepath.Join(f.cluster.folder, "kept")
	f.Shutdown()
	f.run("cp", "-a", f.cluster.data(), kept)
	f.Start()
	return func() {
		f.t.Helper()
		f.Kill()
		f.run("rm", "-rf", f.cluster.data())
		f.run("cp", "-a", kept, f.cluster.data())
		f.Start()
	}
}

func (f *Fragile) run(name string, args ...string) {
	f.t.Helper()
	if out, err := f.cluster.command(name, args...).CombinedOutput(); err != nil {
		f.t.Fatalf("%s: %v\n%s", name, err, out)
	}
}
