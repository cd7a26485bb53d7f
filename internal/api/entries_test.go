package api

import (
	"errors"
	"testing"
)

// Rows that are read in parts are those of one read, until a visit has enough, which stops no
// read. Another error of a visit does.
func TestInParts(t *testing.T) {
	boo := errors.New("boo")
	for _, tt := range []struct {
		rows, last         int // the row whose visit returns an error
		err                error
		visits, readAtMost int
	}{
		{0, -1, nil, 0, 0}, {127, -1, nil, 127, 127}, {128, -1, nil, 128, 128}, {1000, -1, nil, 1000, 1000},
		{1000, 0, errEnough, 1, 128}, {1000, 127, errEnough, 128, 128}, {1000, 128, errEnough, 129, 384}, {300, 299, errEnough, 300, 300},
		{1000, 5, boo, 6, 6}, {1000, 500, boo, 501, 501},
	} {
		visits, next, read := 0, 0, 0
		var stopped error
		err := inParts(func(row int) error {
			if row != visits {
				t.Fatalf("%+v: row %d is visited after %d", tt, row, visits)
			}
			if visits++; row == tt.last {
				return tt.err
			}
			return nil
		}, func(limit int, visit func(int) error) error {
			for ; limit > 0 && next < tt.rows; limit-- {
				read++
				next++
				if stopped = visit(next - 1); stopped != nil {
					return stopped
				}
			}
			return nil
		})
		if err != tt.err || visits != tt.visits || read > tt.readAtMost || stopped == errEnough {
			t.Errorf("%+v: %v after %d visits of %d rows; stopped by %v", tt, err, visits, read, stopped)
		}
	}
}
