package page

import "net/http"

// site is the data that the page loads first.
type site struct {
	Companies []string `json:"companies"` // to choose from, the default first
	Formats   []Format `json:"formats"`
	Links     []link   `json:"links"` // to other pages of the listener
}

type link struct {
	Text string `json:"text"`
	URL  string `json:"url"`
}

func (h *Handler) site(r *http.Request, keyCompany string) (any, error) {
	s := site{Companies: []string{keyCompany}, Formats: h.Formats, Links: []link{
		{"The API", "docs"}, {"Its description", "openapi.json"}, {"Metrics", "metrics"},
	}}
	if keyCompany == "" {
		var err error
		if s.Companies, err = h.companies(r.Context()); err != nil {
			return nil, err
		}
		s.Links = append(s.Links, link{"Profiles", "debug/pprof/"}) // a key of the page does not open them
	}
	return s, nil
}
