package page

import "net/http"

// site is the data that the page loads first.
type site struct {
	Companies []string `json:"companies"` // to choose from, the default first
	Formats   []format `json:"formats"`
	Links     []link   `json:"links"` // to other pages of the listener
}

type format struct {
	Name      string `json:"name"`
	Extension string `json:"extension"`
}

type link struct {
	Text string `json:"text"`
	URL  string `json:"url"`
}

func (h *Handler) site(r *http.Request, keyCompany string) (any, error) {
	s := site{Companies: []string{keyCompany}, Formats: []format{}, Links: []link{
		{"The API", "docs"}, {"Its description", "openapi.json"}, {"Metrics", "metrics"},
	}}
	if keyCompany == "" {
		var err error
		if s.Companies, err = h.companies(r.Context()); err != nil {
			return nil, err
		}
		s.Links = append(s.Links, link{"Profiles", "debug/pprof/"}) // a key of the page does not open them
	}
	for _, f := range h.Formats {
		s.Formats = append(s.Formats, format{f.Name, f.Extension})
	}
	return s, nil
}
