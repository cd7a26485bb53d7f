package bulk

import (
	"context"

	"github.com/callvault/callvault"
)

// Export writes the calls that a query selects, in the one order of calls, as
// they are at one moment, and tells how many it wrote. Imported into an empty
// store they are the same calls, byte for byte. To complete the file is left to
// the caller, who closes w: what was written until an error can be a whole file
// too.
func Export(ctx context.Context, calls callvault.Calls, q callvault.Query, w Writer) (written int, err error) {
	err = calls.Scan(ctx, q, q.Start(), -1, func(row callvault.Record) error {
		if err := w.Write(row.Document); err != nil {
			return err
		}
		written++
		return nil
	})
	return written, err
}
