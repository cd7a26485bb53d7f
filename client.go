package callvault

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strconv"
)

// SourceID is the id of a call that another system knows by a text: the first 63 bits of
// SHA-256 over the source's name, a zero byte and the text, and 1 if they are 0. The text is
// kept as the call's clientUniqueId, by which a batch that is guarded tells calls apart.
func SourceID(source, text string) ID {
	sum := sha256.Sum256([]byte(source + "\x00" + text))
	id, _ := ParseID(strconv.FormatUint(max(1, binary.BigEndian.Uint64(sum[:8])>>1), 10)) // of 19 digits at most
	return id
}

// clientMember stands before the clientUniqueId in a document, as hostMember does before the
// host.
var clientMember = []byte(`,"clientUniqueId":`)

// Client is the call's clientUniqueId as it stands in the document between its quotes, or nil
// if it is null.
func (c *Call) Client() []byte {
	_, value, _ := bytes.Cut(c.Document, clientMember)
	return textIn(value)
}

// HasOtherClient tells whether both calls have a clientUniqueId, and different ones. It is
// for engines.
func (c *Call) HasOtherClient(other *Call) bool {
	mine, theirs := c.Client(), other.Client()
	return mine != nil && theirs != nil && !bytes.Equal(mine, theirs)
}

// ClientError is returned by a Put of a guarded batch that would replace calls which have
// another clientUniqueId. Nothing of the batch is kept.
type ClientError struct {
	IDs []ID // of these calls
}

func (e *ClientError) Error() string {
	return fmt.Sprintf("the clientUniqueId of %d calls, such as %s, is another in the store", len(e.IDs), e.IDs[0])
}
