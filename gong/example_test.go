package gong_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"time"

	"github.com/callvault/callvault/gong"
)

// server stands for any server of the API. It has two calls, on two pages.
func server() *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("workspaceId") != "" {
			http.Error(w, `{"requestId":"2ydvp32fcuq7wpoy4q2","errors":["No calls found corresponding to the provided filters"]}`, http.StatusNotFound)
			return
		}
		if r.FormValue("cursor") == "" {
			fmt.Fprint(w, `{"requestId":"thrhbxbkqiw41ma1cl","records":{"totalRecords":2,"currentPageSize":1,"currentPageNumber":0,"cursor":"next"},"calls":[{"id":"9","title":"Kickoff","started":"2026-03-04T12:00:00-07:00"}]}`)
			return
		}
		fmt.Fprint(w, `{"requestId":"glg28nz2xrc8xl9eqo","records":{"totalRecords":2,"currentPageSize":1,"currentPageNumber":1},"calls":[{"id":"10","title":"Renewal","started":"2026-03-05T09:30:00Z"}]}`)
	}))
}

// A walk over all calls of March. Against Gong, BaseURL is the one that it shows
// for the company.
func ExampleClient_Calls() {
	s := server()
	defer s.Close()
	client := &gong.Client{
		BaseURL:    s.URL,
		Credential: gong.Credential{AccessKey: os.Getenv("GONG_ACCESS_KEY"), AccessKeySecret: os.Getenv("GONG_ACCESS_KEY_SECRET")},
	}
	march := gong.ListCallsQuery{
		From: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC),
		To:   time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC),
	}
	for call, err := range client.Calls(context.Background(), march) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(call.ID, *call.Title, call.Date())
	}
	// Output:
	// 9 Kickoff 2026-03-04T12:00:00-07:00
	// 10 Renewal 2026-03-05T09:30:00Z
}

// One page at a time, with the cursor in the caller's hands.
func ExampleClient_ListCalls() {
	s := server()
	defer s.Close()
	client := &gong.Client{BaseURL: s.URL, Credential: gong.Credential{Token: os.Getenv("GONG_TOKEN")}}
	for cursor, more := "", true; more; {
		page, err := client.ListCalls(context.Background(), gong.ListCallsQuery{}, cursor)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("page %d: %d of %d calls\n", page.Records.CurrentPageNumber, len(page.Calls), page.Records.TotalRecords)
		cursor = page.Records.Cursor
		more = cursor != ""
	}
	// Output:
	// page 0: 1 of 2 calls
	// page 1: 1 of 2 calls
}

// The total, known from the first page, is what a progress bar needs.
func ExampleClient_Pages() {
	s := server()
	defer s.Close()
	client := &gong.Client{BaseURL: s.URL}
	met := 0
	for page, err := range client.Pages(context.Background(), gong.ListCallsQuery{}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		met += len(page.Calls)
		fmt.Printf("%d of %d\n", met, page.Records.TotalRecords)
	}
	// Output:
	// 1 of 2
	// 2 of 2
}

// A workspace without calls is a walk without calls, and no error.
func ExampleClient_Calls_none() {
	s := server()
	defer s.Close()
	client := &gong.Client{BaseURL: s.URL}
	for call, err := range client.Calls(context.Background(), gong.ListCallsQuery{WorkspaceID: "7273476131570014205"}) {
		fmt.Println(call, err)
	}
	fmt.Println("done")
	// Output: done
}

// A walk is whole when no error but a *CallError came. A server that ends its
// list early is told from one that fails: what came is good.
func ExampleShortError() {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("cursor") != "" {
			http.Error(w, `{"errors":["No calls found corresponding to the provided filters"]}`, http.StatusNotFound)
			return
		}
		fmt.Fprint(w, `{"records":{"totalRecords":2,"cursor":"next"},"calls":[{"id":"9","started":"2026-03-04T12:00:00Z"}]}`)
	}))
	defer s.Close()
	client := &gong.Client{BaseURL: s.URL}
	for call, err := range client.Calls(context.Background(), gong.ListCallsQuery{}) {
		broken, short := (*gong.CallError)(nil), (*gong.ShortError)(nil)
		switch {
		case errors.As(err, &broken):
			fmt.Println("skipped:", err)
		case errors.As(err, &short):
			fmt.Printf("%d of %d calls came\n", short.Met, short.Total)
		case err != nil:
			fmt.Println("failed:", err)
		default:
			fmt.Println(call.ID)
		}
	}
	// Output:
	// 9
	// 1 of 2 calls came
}
