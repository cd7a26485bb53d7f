package callvault

// Verifier verifies the calls of one scan as an engine reads them: each row's checksum, and
// that they stand in the order and in what was asked for. It is for engines.
type Verifier struct {
	Company string
	Query   Query
	At      Position // where the scan begins, and later the last row's
	Back    bool     // the scan goes backward
}

// Verify returns a *DamageError unless the row is what was written and follows the one before.
func (v *Verifier) Verify(r *Record, kept int64) error {
	if err := r.Verify(v.Company, kept); err != nil {
		return err
	}
	return v.Follow(r)
}

// Follow is Verify without the checksum, for rows that are read without their documents.
func (v *Verifier) Follow(r *Record) error {
	problem := ""
	switch turn := r.Position().Compare(v.At); {
	case r.Time < v.Query.From || r.Time >= v.Query.To:
		problem = "its time is outside of the range of its row"
	case !v.Query.Workspace.IsZero() && r.Workspace != v.Query.Workspace:
		problem = "it belongs to another workspace than its row"
	case turn == 0 || (turn < 0) != v.Back:
		problem = "its row is out of order"
	}
	if problem != "" {
		return &DamageError{Company: v.Company, ID: r.ID, Problem: problem}
	}
	v.At = r.Position()
	return nil
}

// NumberVerifier verifies the records of Changes as an engine reads them: each row's
// checksum, and that their numbers ascend. It is for engines.
type NumberVerifier struct {
	Company string
	After   int64
}

// Verify returns a *DamageError unless the row is what was written and follows the one before.
func (v *NumberVerifier) Verify(r *Record, kept int64) error {
	if err := r.Verify(v.Company, kept); err != nil {
		return err
	}
	if r.Number <= v.After {
		return &DamageError{Company: v.Company, ID: r.ID, Problem: "its number is out of order"}
	}
	v.After = r.Number
	return nil
}
