package page

import "net/http"

// site is the data that the page loads first.
type site struct {
	Store     string   `json:"store,omitempty"` // its name, for those who may see every company
	Version   string   `json:"version"`
	Demo      bool     `json:"demo"`
	Companies []string `json:"companies"` // to choose from, the default first
	Formats   []Format `json:"formats"`
	Links     []link   `json:"links"` // to other pages of the listener
}

type link struct {
	Text string `json:"text"`
	URL  string `json:"url"`
}

func (h *Handler) site(r *http.Request, keyCompany string) (any, error) {
	s := site{Version: h.Version, Demo: h.Demo, Companies: []string{keyCompany}, Formats: h.Formats, Links: []link{
		{"API docs", "docs"}, {"OpenAPI", "openapi.json"}, {"Metrics", "metrics"},
	}}
	if keyCompany == "" {
		var err error
		if s.Companies, err = h.companies(r.Context()); err != nil {
			return nil, err
		}
		s.Store = h.Name
	}
	return s, nil
}
