package outbound

import "net/netip"

// refused lists what no foreign address may lead to although it looks like one of the
// internet's: IANA's special-purpose registries (RFC 6890 and its successors), and the
// ways in which IPv6 can wrap an IPv4 address (NAT64, 6to4, Teredo), which would lead
// past these rules.
func refused() []netip.Prefix {
	var list []netip.Prefix
	for _, text := range [...]string{
		"0.0.0.0/8",       // this host
		"100.64.0.0/10",   // carriers' NAT
		"192.0.0.0/24",    // protocol assignments
		"192.0.2.0/24",    // documentation
		"192.88.99.0/24",  // 6to4 relays
		"198.18.0.0/15",   // benchmarks
		"198.51.100.0/24", // documentation
		"203.0.113.0/24",  // documentation
		"240.0.0.0/4",     // reserved, and broadcast
		"2001::/23",       // protocol assignments, Teredo among them
		"2001:db8::/32",   // documentation
		"2002::/16",       // 6to4
		"3fff::/20",       // documentation
	} {
		list = append(list, netip.MustParsePrefix(text))
	}
	return list
}

// IsPublic tells whether an address belongs to the internet: the only ones that may be
// connected to without somebody's permission. Of IPv6 that is what is handed out today,
// 2000::/3, less what is kept for special purposes; so NAT64 (64:ff9b::/96) is not.
func IsPublic(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	if !a.IsValid() || a.IsUnspecified() || a.IsLoopback() || a.IsPrivate() || a.IsMulticast() ||
		a.IsLinkLocalUnicast() || a.IsInterfaceLocalMulticast() {
		return false
	}
	if a.Is6() && !netip.MustParsePrefix("2000::/3").Contains(a) {
		return false
	}
	for _, p := range refused() {
		if p.Contains(a) {
			return false
		}
	}
	return true
}
