package main

import (
	"context"

	"github.com/callvault/callvault/internal/doctor"
)

// compareServer asks a running server which store it has open.
func (o doctorOptions) compareServer(ctx context.Context, report *doctor.Report, p patient) {
	if o.manage == manageOff {
		return
	}
	url, err := healthOptions{manage: o.manage, certificate: o.tls.Certificate}.target()
	if err != nil {
		return // the finding on the address tells that
	}
	identity, err := p.store.Identity(ctx)
	if err != nil {
		report.Add(doctor.Finding{Check: "server", Status: doctor.Wrong, What: err.Error()})
		return
	}
	report.Add(doctor.Server(ctx, ownClient(answerWithin), url, o.manage, identity)...)
}
