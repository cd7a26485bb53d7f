package api

import "math/rand/v2"

// requestIDLength is within the 18 to 20 characters seen on the wire.
const requestIDLength = 19

// newRequestID makes the id of a request: 19 random characters of [0-9a-z].
// It names a request in a log and guards nothing, so it need not be secret.
func newRequestID() string {
	const (
		digits  = "0123456789abcdefghijklmnopqrstuvwxyz"
		perWord = 12 // a uint64 has 12 random digits of base 36
	)
	var id [requestIDLength]byte
	var word uint64
	for i := range id {
		if i%perWord == 0 {
			word = rand.Uint64()
		}
		id[i] = digits[word%uint64(len(digits))]
		word /= uint64(len(digits))
	}
	return string(id[:])
}
