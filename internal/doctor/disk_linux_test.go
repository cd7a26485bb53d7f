package doctor

import "testing"

func TestDiskOf(t *testing.T) {
	if d, known := diskOf(t.TempDir()); !known || d.free == 0 {
		t.Errorf("got %+v, %v", d, known)
	}
	if _, known := diskOf("/does/not/exist"); known {
		t.Error("a file that is not there")
	}
}

func TestNetworks(t *testing.T) {
	for number, want := range map[int64]disk{
		0x6969:      {kind: "NFS", sure: true},
		-11317950:   {kind: "SMB", sure: true}, // 0xff534d42, as a signed word
		0xff534d42:  {kind: "SMB", sure: true},
		0x65735546:  {kind: "FUSE"},
		0xef53:      {}, // ext4
		0x794c7630:  {}, // overlayfs
		0x9123683e:  {}, // btrfs
		0x58465342:  {}, // XFS
		0x00c36400:  {kind: "Ceph", sure: true},
		-1859950530: {}, // btrfs, as a signed word
	} {
		if got := networks[uint32(number)]; got != want {
			t.Errorf("%#x: %+v, want %+v", number, got, want)
		}
	}
}
