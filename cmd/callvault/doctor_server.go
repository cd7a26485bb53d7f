package main

import (
	"context"

	"github.com/callvault/callvault/internal/doctor"
)

// compareServer asks the server that runs, if one does, which store it has open. Where the
// store can't be opened here, the server may still have its files open.
func (o doctorOptions) compareServer(ctx context.Context, report *doctor.Report, p patient) {
	if o.manage == manageOff {
		return
	}
	url, err := healthOptions{manage: o.manage, certificate: o.tls.Certificate}.target()
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
	of := healthOptions{listen: o.listen, timeout: answerWithin}
	panel := doctor.Panel{URL: url, At: o.manage, Listen: o.listen, IsAnother: of.isAnother}
	report.Add(panel.Look(ctx, ownClient(answerWithin), identity)...)
}
