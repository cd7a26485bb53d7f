package changes_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/callvault/callvault/changes"
	"github.com/callvault/callvault/gong"
)

// A reader keeps the calls in a table, and with them the token.
func ExampleFollow() {
	server := httptest.NewServer(http.HandlerFunc(serve)) // in place of callvault serve
	defer server.Close()
	client := &gong.Client{BaseURL: server.URL, Credential: gong.Credential{AccessKey: "KEY", AccessKeySecret: "secret"}}

	table, token := make(map[string]string), "" // what was kept before; empty at first
	for change, err := range changes.Follow(context.Background(), client, token) {
		if errors.Is(err, changes.ErrStartOver) {
			fmt.Println("start over: with an empty token and an empty table")
			break
		}
		if err != nil {
			fmt.Println(err)
			break
		}
		if change.Deleted {
			delete(table, change.ID)
		} else {
			table[change.ID] = string(change.Call)
		}
		if change.Token != "" {
			token = change.Token // keep the table and the token, both or none
			fmt.Printf("%d calls, token %s\n", len(table), token)
		}
	}
	// Output:
	// 2 calls, token second
	// 1 calls, token third
	// start over: with an empty token and an empty table
}

// serve answers three requests for changes.
func serve(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Query().Get("after") {
	case "":
		fmt.Fprint(w, `{"changes":[{"number":1,"id":"1","call":{"id":"1"}},{"number":2,"id":"2","call":{"id":"2"}}],"next":"second","more":true}`)
	case "second":
		fmt.Fprint(w, `{"changes":[{"number":3,"id":"1","deleted":true}],"next":"third","more":false}`)
	default: // a backup was restored
		w.WriteHeader(http.StatusGone)
	}
}
