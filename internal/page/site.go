package page

import "net/http"

// site is the data that the page loads first.
type site struct {
	Companies []string `json:"companies"` // to choose from, the default first
	Formats   []format `json:"formats"`
	Links     []Link   `json:"links"`
}

type format struct {
	Name      string `json:"name"`
	Extension string `json:"extension"`
}

func (h *Handler) site(r *http.Request, keyCompany string) (any, error) {
	s := site{Companies: []string{keyCompany}, Formats: []format{}, Links: append([]Link{}, h.Links...)}
	if keyCompany == "" {
		var err error
		if s.Companies, err = h.companies(r.Context()); err != nil {
			return nil, err
		}
	}
	for _, f := range h.Formats {
		s.Formats = append(s.Formats, format{f.Name, f.Extension})
	}
	return s, nil
}
