package bulk

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/callvault/callvault/internal/storetest"
)

// highWater is the most memory that lives while f goes on, in MiB: f calls look
// from time to time.
func highWater(t *testing.T, f func(look func())) float64 {
	t.Helper()
	var stats runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&stats)
	before, most := stats.HeapAlloc, stats.HeapAlloc
	f(func() {
		runtime.GC()
		runtime.ReadMemStats(&stats)
		most = max(most, stats.HeapAlloc)
	})
	return float64(most-before) / (1 << 20)
}

// However large a file is, writing and reading it holds little: here it is of texts
// that cannot be compressed, each in its column and in its document.
func TestFlatMemory(t *testing.T) {
	const calls, size, every = 1800, 25_000, 200
	random := rand.New(rand.NewPCG(11, 12))
	someText := func() *string {
		text := make([]byte, size)
		for i := range text {
			text[i] = byte('#' + random.Uint32()%56)
		}
		return new(string(text))
	}
	var documents [32][]byte // more than a page has
	for i := range documents {
		c := storetest.Bare("1")
		c.CustomData, c.Title = someText(), someText()
		documents[i] = storetest.NewCall(t, c).Document
	}
	path := filepath.Join(t.TempDir(), "calls.parquet")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	w, err := NewWriter(file, Parquet, nil)
	if err != nil {
		t.Fatal(err)
	}
	written := highWater(t, func(look func()) {
		for i := range calls {
			if err := w.Write(documents[i%len(documents)]); err != nil {
				t.Fatal(err)
			}
			if i%every == 0 {
				look()
			}
		}
	})
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	info, err := file.Stat()
	if err != nil {
		t.Fatal(err)
	}
	read := highWater(t, func(look func()) {
		r, err := newFileReader(t.Context(), file)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		for i := range calls / 3 { // more than a row group
			if record, err := r.Read(); err != nil || record.Err != nil {
				t.Fatal(err, record.Err)
			}
			if i%every == 0 {
				look()
			}
		}
	})
	// A row group has 64 MiB of such texts, half of them in documents.
	const mostWritten, mostRead = 110, 32
	if size := float64(info.Size()) / (1 << 20); size < 1.4*mostWritten {
		t.Fatalf("the file has only %.0f MiB", size)
	}
	if written > mostWritten || read > mostRead {
		t.Errorf("%.0f MiB were held to write and %.0f to read; at most %d and %d", written, read, mostWritten, mostRead)
	}
	t.Logf("%.0f MiB were held to write and %.0f to read %d MiB", written, read, info.Size()>>20)
}
