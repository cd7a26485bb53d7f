package page

import "net/http"

// site is the data that the page loads first.
type site struct {
	Store     string   `json:"store,omitempty"` // its name, for those who may see every company
	Version   string   `json:"version,omitempty"`
	Demo      bool     `json:"demo"`
	Companies []string `json:"companies"` // to choose from, the default first
	Formats   []Format `json:"formats"`
}

func (h *Handler) site(r *http.Request, keyCompany string) (any, error) {
	s := site{Demo: h.Demo != nil, Companies: []string{keyCompany}, Formats: h.Formats}
	if h.Version != "unknown" {
		s.Version = h.Version
	}
	if keyCompany == "" {
		var err error
		if s.Companies, err = h.companies(r.Context()); err != nil {
			return nil, err
		}
		s.Store = h.Name
	}
	return s, nil
}
