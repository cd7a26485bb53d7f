package gong

import "crypto/sha256"

// seen is a set of texts by a hash, which no two texts share. A million take some 40 MB.
type seen map[[16]byte]struct{}

// add adds a text unless it is there.
func (s seen) add(text []byte) bool {
	before := len(s)
	sum := sha256.Sum256(text)
	s[[16]byte(sum[:])] = struct{}{}
	return len(s) > before
}
