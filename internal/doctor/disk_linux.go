package doctor

import "syscall"

// diskOf is what the kernel tells of the file system of a file.
func diskOf(path string) (d disk, known bool) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(path, &s); err != nil {
		return d, false
	}
	d = kindOf(int64(s.Type))
	d.free = s.Bavail * uint64(s.Bsize)
	return d, true
}

// kindOf names the file systems that are another machine's, and those that may be,
// by their numbers in linux/magic.h and statfs(2).
func kindOf(number int64) disk {
	switch uint32(number) {
	case 0x6969:
		return disk{kind: "NFS", sure: true}
	case 0x517b, 0xff534d42, 0xfe534d42:
		return disk{kind: "SMB", sure: true}
	case 0x00c36400:
		return disk{kind: "Ceph", sure: true}
	case 0x5346414f:
		return disk{kind: "AFS", sure: true}
	case 0x0bd00bd0:
		return disk{kind: "Lustre", sure: true}
	case 0x65735546:
		return disk{kind: "FUSE"}
	case 0x01021997:
		return disk{kind: "9P"}
	}
	return disk{}
}
