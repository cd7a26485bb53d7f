package main

import (
	"context"

	"github.com/callvault/callvault/internal/doctor"
	"github.com/callvault/callvault/internal/web"
)

// compareServer asks the server that runs, if one does, which store it has open. Where the
// store can't be opened here, the server may still have its files open.
func (o doctorOptions) compareServer(ctx context.Context, report *doctor.Report, p patient) {
	if o.manage == manageOff {
		return
	}
	url, err := o.probe("/readyz").URL()
	if err != nil {
		return // the finding on the address tells that
	}
	identity := ""
	if p.store != nil {
		if identity, err = p.store.Identity(ctx); err != nil {
			report.Add(doctor.Finding{Check: "server", Status: doctor.Wrong, What: err.Error()})
			return
		}
	}
	report.Add(doctor.Panel{URL: url, At: o.manage}.Look(ctx, web.OwnClient(answerWithin), identity)...)
}
