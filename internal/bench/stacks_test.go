package main

import (
	"strings"
	"testing"
)

// Two samples of the server, one of another server, one of PostgreSQL and one of
// a process with a space in its name.
const samples = `callvault    17 
	 1 runtime.memmove
	 2 github.com/callvault/callvault/internal/api.(*pageBody).add
	 3 net/http.(*conn).serve

callvault    17
	 1 do_syscall_64
	 2 entry_SYSCALL_64_after_hwframe
	 3 modernc.org/libc.Xpread
	 4 modernc.org/sqlite/lib._unixRead
	 5 net/http.(*conn).serve

callvault    18
	 1 net/http.(*conn).serve

postgres    19
	 1 [unknown]

kworker/0:1 x    20
	 1 schedule
`

func TestReadProfile(t *testing.T) {
	p, err := readProfile(strings.NewReader(samples), 17)
	if err != nil {
		t.Fatal(err)
	}
	if p.server != 2 || p.database != 1 || p.all != 5 {
		t.Errorf("of %d samples %d are the server's and %d the database's", p.all, p.server, p.database)
	}
	for _, name := range []string{"copying documents into the page", "reading the store's file (kernel)"} {
		if p.places[name] != 1 || len(p.places) != 2 {
			t.Errorf("the places are %v", p.places)
		}
	}
}
