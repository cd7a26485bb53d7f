package program_test

import "net/http"

// What the readers of some clients demand, of each answer of a kind.
var (
	gongioCalls = []string{"calls[].id filled", "calls[].title text~?", "calls[].started text~?", "calls[].duration number~?", "calls[].primaryUserId text~?", "calls[].isPrivate bool~?"}

	dustDetails = []string{"calls[].metaData.url filled", "calls[].metaData.primaryUserId filled", "calls[].metaData.started filled", "calls[].metaData.title filled", "calls[].metaData.language filled",
		"calls[].metaData.duration number", "calls[].metaData.direction Inbound|Outbound|Conference|Unknown", "calls[].metaData.scope Internal|External|Unknown", "calls[].metaData.media Video|Audio",
		"calls[].parties list", "calls[].parties[].speakerId text~", "calls[].content.trackers list?"}
	onyxDetails    = []string{"calls[].metaData.started filled", "calls[].metaData.title text~", "calls[].metaData.purpose text~", "calls[].metaData.url text~", "calls[].parties[].speakerId text~"}
	edwardsDetails = []string{"calls[].metaData.title text", "calls[].metaData.started filled", "calls[].metaData.duration number", "calls[].parties[].affiliation text"}
	postHogDetails = []string{"calls[].metaData.id filled", "calls[].metaData.started filled"}
	parties        = []string{"calls[].parties list"}

	transcripts = []string{"callTranscripts[].callId filled", "callTranscripts[].transcript list", "callTranscripts[].transcript[].speakerId filled"}

	n8nUsers    = []string{"users[].id filled", "users[].firstName text", "users[].lastName text", "users[].emailAddress text"}
	dustUsers   = []string{"users[].active bool", "users[].created filled", "users[].emailAddress text", "users[].firstName text", "users[].lastName text"}
	gongioUsers = []string{"users[].id filled", "users[].settings object~?", "users[].spokenLanguages list~?", "users[].emailAliases list~?", "users[].personalMeetingUrls list~?"}
	datedUsers  = []string{"users[].created filled"}
	workspaces  = []string{"workspaces[].id filled", "workspaces[].name filled", "workspaces[].description text~"}
)

// Parts of requests that many clients send.
const (
	always      = "fromDateTime=2020-01-01T00%3A00%3A00Z&toDateTime=2026-11-25T00%3A00%3A00Z"
	alwaysIn    = `"fromDateTime":"2020-01-01T00:00:00Z","toDateTime":"2026-11-25T00:00:00Z"`
	details     = "POST /v2/calls/extensive "
	transcript  = "POST /v2/calls/transcript "
	allCalls    = "11 12 13 14 15"
	allUsers    = "101 102"
	notServed   = "This server does not serve "
	noSuchCall  = "Call ID 999 was not found"
	noSuchUser  = "User ID 999 was not found"
	contextual  = `"contentSelector":{"context":"Extended","exposedFields":{"parties":true}}`
	withParties = `"contentSelector":{"exposedFields":{"parties":true}}`
)

var jsonType = http.Header{"Content-Type": {"application/json"}}

// neighbours are the known clients.
var neighbours = []neighbour{
	{name: "n8n", header: jsonType, steps: []step{
		{request: "GET /v2/users", more: "GET /v2/users?cursor=CURSOR", ids: allUsers, fields: n8nUsers},
		{request: "GET /v2/calls", more: "GET /v2/calls?cursor=CURSOR", undated: true, ids: allCalls, fields: []string{"calls[].title text"}},
		{request: details + `{"filter":{"callIds":["12"]}}`, ids: "12"},
		{request: details + `{"filter":{}}`, more: details + `{"filter":{},"cursor":"CURSOR"}`, undated: true, ids: allCalls},
		{request: details + `{"filter":{` + alwaysIn + `,"workspaceId":"7","primaryUserIds":["101"]},` + withParties + `}`, ids: "11 13", fields: parties},
		{request: details + `{"filter":{"callIds":["999"]}}`, status: 404, text: noCalls},
		{request: transcript + `{"filter":{"callIds":["12"]}}`, ids: "12", fields: transcripts},
		{request: `POST /v2/users/extensive {"filter":{"userIds":["102"]}}`, ids: "102", fields: n8nUsers},
		{request: `POST /v2/users/extensive {"filter":{}}`, more: `POST /v2/users/extensive {"filter":{},"cursor":"CURSOR"}`, ids: allUsers, fields: n8nUsers},
	}},
	{name: "Airbyte", steps: []step{
		{request: "GET /v2/users?fromDateTime=2020-01-01T00%3A00%3A00Z&limit=100", more: "GET /v2/users?limit=100&cursor=CURSOR", ids: allUsers},
		{request: "GET /v2/calls?" + always, more: "GET /v2/calls?" + always + "&cursor=CURSOR", ids: allCalls},
		{request: details + `{"limit":100,"filter":{"fromDateTime":"2020-01-01T00:00:00Z"},"contentSelector":{"context":"Extended"}}`, undated: true,
			more: details + `{"limit":100,"cursor":"CURSOR","filter":{"fromDateTime":"2020-01-01T00:00:00Z"},"contentSelector":{"context":"Extended"}}`, ids: allCalls},
		{request: transcript + `{"filter":{"callIds":["11"]}}`, ids: "11", fields: transcripts},
		{request: "GET /v2/settings/scorecards", status: 405, text: notServed},
		{request: `POST /v2/stats/activity/scorecards {"filter":{}}`, status: 405, text: notServed},
	}},
	{name: "Airbyte, older", steps: []step{ // its manifest 4.3.0
		{request: "GET /v2/calls?fromDateTime=2020-01-01T00%3A00%3A00Z", more: "GET /v2/calls?fromDateTime=2020-01-01T00%3A00%3A00Z&cursor=CURSOR", undated: true, ids: allCalls},
	}},
	{name: "Estuary", steps: []step{
		{request: "GET /v2/users", more: "GET /v2/users?cursor=CURSOR", ids: allUsers},
		{request: "GET /v2/calls?fromDateTime=2020-01-01T03%3A46%3A31.919737Z&toDateTime=2026-11-25T03%3A46%3A31.919754Z",
			more: "GET /v2/calls?fromDateTime=2020-01-01T03%3A46%3A31.919737Z&toDateTime=2026-11-25T03%3A46%3A31.919754Z&cursor=CURSOR", ids: allCalls, fields: []string{"calls[].started filled"}},
		{request: `POST /v2/users/extensive {"filter":{"createdFromDateTime":"2026-03-03T03:46:31.919737Z","createdToDateTime":"2026-11-25T03:46:31.919754Z"}}`, ids: "102", fields: datedUsers},
		{request: "GET /v2/settings/scorecards", status: 405, text: notServed},
	}},
	{name: "PostHog", header: http.Header{"Accept": {"application/json"}}, steps: []step{
		{request: "GET /v2/workspaces", ids: "7 8"},
		{request: "GET /v2/users", more: "GET /v2/users?cursor=CURSOR", ids: allUsers, fields: datedUsers},
		{request: "GET /v2/calls?fromDateTime=2026-03-04T12%3A30%3A00Z&toDateTime=2026-06-02T12%3A30%3A00Z", // steps of 90 days
			more: "GET /v2/calls?fromDateTime=2026-03-04T12%3A30%3A00Z&toDateTime=2026-06-02T12%3A30%3A00Z&cursor=CURSOR", ids: "14 15"},
		{request: details + `{"filter":{` + alwaysIn + `},` + contextual + `}`, more: details + `{"cursor":"CURSOR","filter":{` + alwaysIn + `},` + contextual + `}`, ids: allCalls, fields: postHogDetails},
		{request: transcript + `{"filter":{` + alwaysIn + `,"callIds":["11","12"]}}`, ids: "11 12", fields: transcripts},
	}},
	{name: "Nango, sync", steps: []step{
		{request: "GET /v2/calls?fromDateTime=2025-11-25T03:46:35.789Z&toDateTime=2026-11-25T03:45:00.000Z",
			more: "GET /v2/calls?fromDateTime=2025-11-25T03:46:35.789Z&toDateTime=2026-11-25T03:45:00.000Z&cursor=CURSOR", ids: allCalls},
		{request: details + `{"filter":{"callIds":["11","12"]},"contentSelector":{"context":"Extended","exposedFields":{"interaction":{"speakers":true}}}}`, ids: "11 12"},
		{request: transcript + `{"filter":{` + alwaysIn + `}}`, more: transcript + `{"cursor":"CURSOR","filter":{` + alwaysIn + `}}`, ids: allCalls, fields: transcripts},
		{request: `POST /v2/users/extensive {"filter":{}}`, more: `POST /v2/users/extensive {"filter":{},"cursor":"CURSOR"}`, ids: allUsers},
		{request: "GET /v2/workspaces", ids: "7 8", fields: workspaces},
	}},
	{name: "Nango, action", steps: []step{
		{request: "GET /v2/calls", more: "GET /v2/calls?cursor=CURSOR", undated: true, ids: allCalls},
		{request: "GET /v2/calls/13", ids: "13", fields: []string{"call.id filled", "call.title filled"}},
		{request: "GET /v2/calls/999", status: 404, text: noSuchCall},
	}},
	{name: "amp-labs/connectors", steps: []step{
		{request: details + `{"filter":{"fromDateTime":"2020-01-01T00:00:00Z"},"contentSelector":{"exposedFields":{"parties":true,"content":{"trackers":true}}}}`, undated: true,
			more: details + `{"cursor":"CURSOR","filter":{"fromDateTime":"2020-01-01T00:00:00Z"},"contentSelector":{"exposedFields":{"parties":true,"content":{"trackers":true}}}}`, ids: allCalls},
		{request: "GET /v2/users?fromDateTime=2020-01-01T00%3A00%3A00Z", more: "GET /v2/users?cursor=CURSOR", ids: allUsers},
		{request: "GET /v2/workspaces?fromDateTime=2020-01-01T00%3A00%3A00Z", ids: "7 8"},
		{request: transcript + `{"filter":{` + alwaysIn + `}}`, more: transcript + `{"cursor":"CURSOR","filter":{` + alwaysIn + `}}`, ids: allCalls, fields: transcripts},
	}},
	{name: "amp-labs/connectors, older", steps: []step{
		{request: "GET /v2/calls?fromDateTime=2020-01-01T00%3A00%3A00Z", more: "GET /v2/calls?cursor=CURSOR", undated: true, ids: allCalls},
	}},
	{name: "Pipedream", header: jsonType, steps: []step{
		{request: "GET /v2/users", more: "GET /v2/users?cursor=CURSOR", ids: allUsers, fields: n8nUsers},
		{request: "GET /v2/workspaces", ids: "7 8", fields: workspaces},
		{request: "GET /v2/calls", undated: true, ids: "11 12"}, // its list to choose from is one page
		{request: "GET /v2/calls?fromDateTime=2026-03-04T00:00:00.000Z", more: "GET /v2/calls?fromDateTime=2026-03-04T00:00:00.000Z&cursor=CURSOR", undated: true, ids: "13 14 15"},
		{request: "GET /v2/library/folders?workspaceId=7", status: 405, text: notServed},
	}},
	{name: "Onyx", steps: []step{
		{request: "GET /v2/workspaces", ids: "7 8", fields: workspaces},
		{request: transcript + `{"filter":{"fromDateTime":"2026-03-01T00:00:00.123456+00:00","toDateTime":"2026-03-09T00:00:00.123456+00:00","workspaceId":"7"}}`,
			more: transcript + `{"cursor":"CURSOR","filter":{"fromDateTime":"2026-03-01T00:00:00.123456+00:00","toDateTime":"2026-03-09T00:00:00.123456+00:00","workspaceId":"7"}}`, ids: "11 12 13", fields: transcripts},
		{request: details + `{"filter":{"callIds":["11","12"]},` + withParties + `}`, ids: "11 12", fields: onyxDetails},
	}},
	{name: "dust", steps: []step{
		{request: "GET /v2/users", more: "GET /v2/users?cursor=CURSOR", ids: allUsers, fields: dustUsers},
		{request: transcript + `{"cursor":null,"filter":{"fromDateTime":"2020-01-01T00:00:00.000Z"}}`, more: transcript + `{"cursor":"CURSOR","filter":{"fromDateTime":"2020-01-01T00:00:00.000Z"}}`, undated: true, ids: allCalls, fields: transcripts},
		{request: transcript + `{"cursor":null,"filter":{}}`, more: transcript + `{"cursor":"CURSOR","filter":{}}`, undated: true, ids: allCalls, fields: transcripts},
		{request: details + `{"cursor":null,"filter":{"callIds":["11","15"]},` + contextual + `}`, ids: "11 15", fields: dustDetails},
		{request: "GET /v2/users/101", ids: "101", fields: []string{"user.emailAddress text", "user.active bool"}},
	}},
	{name: "dust, agent tools", steps: []step{
		{request: "GET /v2/calls?", undated: true, ids: "11 12"}, // it never pages
		{request: "GET /v2/calls?" + always, ids: "11 12"},
		{request: details + `{"filter":{"callIds":["11"]},` + withParties + `}`, ids: "11", fields: parties},
		{request: transcript + `{"filter":{"callIds":["11"]}}`, ids: "11", fields: transcripts},
	}},
	{name: "cognee", steps: []step{ // deletes what is no longer listed, and counts first
		{request: "GET /v2/calls?" + always, more: "GET /v2/calls?" + always + "&cursor=CURSOR", ids: allCalls},
		{request: details + `{"filter":{"callIds":["11","12"]},"contentSelector":{"context":"Extended"}}`, ids: "11 12"},
		{request: transcript + `{"filter":{"callIds":["11","12"]}}`, ids: "11 12", fields: transcripts},
	}},
	{name: "sim", header: jsonType, steps: []step{
		{request: "GET /v2/calls?fromDateTime=2026-11-25T02%3A00%3A00.000Z&toDateTime=2026-11-25T03%3A00%3A00.000Z", status: 404, text: noCalls}, // the last hour
		{request: "GET /v2/calls?" + always, more: "GET /v2/calls?" + always + "&cursor=CURSOR", ids: allCalls},
		{request: details + `{"filter":{` + alwaysIn + `},` + withParties + `}`, more: details + `{"filter":{` + alwaysIn + `},` + withParties + `,"cursor":"CURSOR"}`, ids: allCalls, fields: parties},
		{request: transcript + `{"filter":{"callIds":["12"]}}`, ids: "12", fields: transcripts},
		{request: "GET /v2/calls/12", ids: "12"},
		{request: "GET /v2/users", ids: allUsers},
		{request: "GET /v2/workspaces", ids: "7 8", fields: workspaces},
	}},
	{name: "Whalesync", steps: []step{
		{request: "GET /v2/workspaces", ids: "7 8"},
		{request: "GET /v2/users?limit=100", more: "GET /v2/users?limit=100&cursor=CURSOR", ids: allUsers},
		{request: "GET /v2/users/102", ids: "102"},
		{request: "GET /v2/users/999", status: 404, text: noSuchUser},
		{request: details + `{"filter":{"workspaceId":"7"},"contentSelector":{"contextTiming":["Now"]}}`, more: details + `{"cursor":"CURSOR","filter":{"workspaceId":"7"},"contentSelector":{"contextTiming":["Now"]}}`, undated: true, ids: "11 12 13"},
		{request: transcript + `{"filter":{"workspaceId":"8"}}`, undated: true, ids: "14 15", fields: transcripts},
	}},
	{name: "OzTamir/gong-cli", steps: []step{
		{request: "GET /v2/workspaces", ids: "7 8", fields: workspaces},
		{request: "GET /v2/users", more: "GET /v2/users?cursor=CURSOR", ids: allUsers},
		{request: "GET /v2/users/101", ids: "101"},
		{request: "GET /v2/calls?" + always, more: "GET /v2/calls?" + always + "&cursor=CURSOR", ids: allCalls},
		{request: "GET /v2/calls/11", ids: "11"},
		{request: details + `{"filter":{"callIds":["11"]},` + withParties + `}`, ids: "11", fields: parties},
		{request: details + `{"filter":{}}`, more: details + `{"filter":{},"cursor":"CURSOR"}`, undated: true, ids: allCalls},
		{request: transcript + `{"filter":{"callIds":["11"]}}`, ids: "11", fields: transcripts},
	}},
	{name: "gongctl", steps: []step{
		{request: "GET /v2/users", more: "GET /v2/users?cursor=CURSOR", ids: allUsers},
		{request: "GET /v2/calls?" + always, more: "GET /v2/calls?" + always + "&cursor=CURSOR", ids: allCalls},
		{request: details + `{"filter":{` + alwaysIn + `},` + contextual + `}`, more: details + `{"cursor":"CURSOR","filter":{` + alwaysIn + `},` + contextual + `}`, ids: allCalls, fields: parties},
		{request: transcript + `{"filter":{"callIds":["11","12"]}}`, ids: "11 12", fields: transcripts},
		{request: "GET /v2/workspaces", ids: "7 8", fields: workspaces},
	}},
	{name: "ChrisEdwards/gong-cli", header: jsonType, steps: []step{
		{request: details + `{"filter":{"fromDateTime":"2026-11-24T03:00:00Z","toDateTime":"2026-11-25T03:00:00Z"},` + contextual + `}`, status: 404, text: noCalls}, // its check
		{request: details + `{"filter":{` + alwaysIn + `},"contentSelector":{"context":"Extended","exposedFields":{"parties":true,"content":{"structure":true,"trackers":false},"media":false}}}`,
			more: details + `{"cursor":"CURSOR","filter":{` + alwaysIn + `},` + contextual + `}`, ids: allCalls, fields: edwardsDetails},
		{request: details + `{"filter":{},` + contextual + `}`, more: details + `{"cursor":"CURSOR","filter":{},` + contextual + `}`, undated: true, ids: allCalls, fields: edwardsDetails},
		{request: details + `{"filter":{"callIds":["11"]},` + contextual + `}`, ids: "11", fields: edwardsDetails},
		{request: transcript + `{"filter":{"callIds":["11"]}}`, ids: "11", fields: transcripts},
	}},
	{name: "gongio-mcp", steps: []step{
		{request: "GET /v2/calls?" + always, more: "GET /v2/calls?cursor=CURSOR", ids: allCalls, fields: gongioCalls},
		{request: "GET /v2/calls/11", ids: "11", fields: []string{"call.id filled"}},
		{request: details + `{"filter":{"callIds":["11"]},"contentSelector":{"exposedFields":{"parties":true,"content":{"brief":true,"outline":true},"collaboration":{"publicComments":true},"interaction":{"speakers":true}}}}`, ids: "11", fields: parties},
		{request: details + `{"filter":{` + alwaysIn + `,"primaryUserIds":["102"]},"contentSelector":{"context":"Extended","contextTiming":["Now"],"exposedFields":{"parties":true}}}`, ids: "12 14", fields: parties},
		{request: transcript + `{"filter":{"callIds":["11"]}}`, ids: "11", fields: transcripts},
		{request: "GET /v2/users?includeAvatars=true", more: "GET /v2/users?cursor=CURSOR", ids: allUsers, fields: gongioUsers},
		{request: "GET /v2/users/101", ids: "101", fields: []string{"user.settings object~?"}},
		{request: `POST /v2/users/extensive {"filter":{"userIds":["101"]}}`, ids: "101", fields: gongioUsers},
		{request: "GET /v2/workspaces", ids: "7 8", fields: workspaces},
	}},
	{name: "gonimbly/gong-mcp", steps: []step{
		{request: "GET /v2/workspaces", ids: "7 8"},
		{request: "GET /v2/users", more: "GET /v2/users?cursor=CURSOR", ids: allUsers, fields: n8nUsers},
		{request: "GET /v2/calls?" + always, more: "GET /v2/calls?" + always + "&cursor=CURSOR", ids: allCalls},
		{request: "GET /v2/calls/11", ids: "11"},
		{request: transcript + `{"filter":{"callIds":["11","12"]}}`, ids: "11 12", fields: transcripts},
		{request: details + `{"filter":{"callIds":["11","12"]},` + withParties + `}`, ids: "11 12", fields: parties},
		{request: details + `{"filter":{` + alwaysIn + `},` + contextual + `}`, more: details + `{"filter":{` + alwaysIn + `},` + contextual + `,"cursor":"CURSOR"}`, ids: allCalls, fields: parties},
	}},
	{name: "lionelquellery/Gong-mcp-full-api-integration", steps: []step{
		{request: "GET /v2/calls?" + always + "&limit=100", more: "GET /v2/calls?" + always + "&limit=100&cursor=CURSOR", ids: allCalls},
		{request: details + `{"filter":{"callIds":["11"]},"contentSelector":{"context":"Extended","exposedFields":{"parties":true,"media":true}}}`, ids: "11", fields: parties},
		{request: transcript + `{"filter":{"callIds":["11"]}}`, ids: "11", fields: transcripts},
		{request: "GET /v2/users", ids: allUsers},
	}},
	{name: "landenai", steps: []step{
		{request: details + `{"filter":{"callIds":["11"]},` + withParties + `}`, ids: "11", fields: parties},
		{request: transcript + `{"filter":{"callIds":["11"]}}`, ids: "11", fields: transcripts},
		{request: `POST /v2/users/extensive {"filter":{}}`, ids: allUsers},
	}},
	{name: "kenazk/gong-mcp", steps: []step{ // asks for one page
		{request: "GET /v2/calls?fromDateTime=2020-01-01T00:00:00Z&toDateTime=2026-11-25T00:00:00Z", ids: "11 12"},
		{request: transcript + `{"filter":{"callIds":["11"],"includeEntities":true,"includeInteractionsSummary":true,"includeTrackers":true}}`, ids: "11", fields: transcripts},
	}, header: http.Header{"Content-Type": {"application/json"}, "X-Gong-Accesskey": {"K"}, "X-Gong-Timestamp": {"2026-11-25T03:46:35.789Z"}, "X-Gong-Signature": {"c2lnbmF0dXJl"}}},
	{name: "Tailored, AliasNoob", steps: []step{
		{request: "GET /v2/calls?" + always, ids: "11 12"},
		{request: "GET /v2/calls/11", ids: "11"},
		{request: transcript + `{"filter":{"callIds":["11"]}}`, ids: "11", fields: transcripts},
	}},
	{name: "airbyte_agent_gong", steps: []step{
		{request: "GET /v2/users", ids: allUsers},
		{request: "GET /v2/workspaces", ids: "7 8", fields: workspaces},
		{request: "GET /v2/calls/11", ids: "11"},
		{request: details + `{"filter":{` + alwaysIn + `}}`, ids: "11 12"},
		{request: transcript + `{"filter":{"callIds":["11"]}}`, ids: "11", fields: transcripts},
	}},
	{name: "declarative connector kit", steps: []step{
		{request: "GET /v2/users", ids: allUsers},
		{request: "GET /v2/calls?fromDateTime=2020-01-01T00%3A00%3A00Z", more: "GET /v2/calls?fromDateTime=2020-01-01T00%3A00%3A00Z&cursor=CURSOR", undated: true, ids: allCalls},
		{request: details + `{"filter":{"callIds":["11"]}}`, ids: "11"},
		{request: transcript + `{"filter":{"callIds":["11"]}}`, ids: "11", fields: transcripts},
		{request: `POST /v2/calls {"clientUniqueId":"c-99","actualStart":"2026-03-07T12:00:00Z","direction":"Outbound","primaryUser":"101","parties":[{"userId":"101"}]}`,
			status: 401, text: "You don't have permission to use 'api:calls:create'"},
	}},
	{name: "small scripts", steps: []step{
		{request: "GET /v2/users", ids: allUsers},
		{request: "GET /v2/workspaces", ids: "7 8"},
		{request: "GET /v2/calls?fromDateTime=2026-03-06T00:00:00Z", undated: true, ids: "15"}, // the last 1 to 25 hours
		{request: "GET /v2/calls", undated: true, ids: "11 12"},
		{request: "GET /v2/calls?fromDateTime=2026-03-06T00:00:00.000Z&toDateTime=2026-03-06T00:00:00.000Z", status: 400, text: "fromDateTime: must be before toDateTime"},
		{request: "POST /v2/users {}", status: 405, text: notServed},
	}},
}
