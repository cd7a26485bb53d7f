package file

import (
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// acl is an access list as Linux keeps it, that lets a user read and write whom the
// mode does not name.
func acl(user uint32) []byte {
	list := binary.LittleEndian.AppendUint32(nil, 2) // the version
	const nobody = ^uint32(0)
	for _, entry := range []struct {
		tag, may uint16
		id       uint32
	}{{1, 6, nobody}, {2, 6, user}, {4, 0, nobody}, {0x10, 6, nobody}, {0x20, 0, nobody}} { // owner, user, group, mask, others
		list = binary.LittleEndian.AppendUint16(list, entry.tag)
		list = binary.LittleEndian.AppendUint16(list, entry.may)
		list = binary.LittleEndian.AppendUint32(list, entry.id)
	}
	return list
}

// A replaced file has the access list of the one before, and none where that had
// none, whatever its folder would give a new file.
func TestAccessLists(t *testing.T) {
	folder := t.TempDir()
	with, without := filepath.Join(folder, "with"), filepath.Join(folder, "without")
	must(t, os.WriteFile(with, nil, 0o600), os.WriteFile(without, nil, 0o600), os.Chmod(without, 0o640))
	if err := errors.Join(syscall.Setxattr(with, accessList, acl(12345), 0), syscall.Setxattr(folder, "system.posix_acl_default", acl(54321), 0)); err != nil {
		t.Skip(err)
	}
	must(t, put(t, with, "x"), put(t, without, "x"))
	list := make([]byte, 1024)
	n, err := syscall.Getxattr(with, accessList, list)
	if string(list[:max(n, 0)]) != string(acl(12345)) {
		t.Errorf("the list is %x, %v", list[:max(n, 0)], err)
	}
	if n, err := syscall.Getxattr(without, accessList, list); !errors.Is(err, syscall.ENODATA) {
		t.Errorf("there is a list %x, %v", list[:max(n, 0)], err)
	}
	if info, err := os.Stat(without); err != nil || info.Mode() != 0o640 {
		t.Errorf("%v, %v", info, err)
	}
}
