package main

import (
	"fmt"
	"strings"

	"taygo/internal/beside"
)

const fromTaygaHead = `# From Tayga

taygo runs in place of Tayga, with its command line and its files.

## How to move

1. ` + "`taygo check -c /etc/tayga.conf`" + ` tells all that is wrong with the file at once.
2. Stop Tayga. It writes dynamic.map then.
3. Link ` + "`tayga`" + ` to taygo: ` + "`ln -sf /usr/bin/taygo /usr/sbin/tayga`" + ` (or where your init script looks for it).
4. Start it as before. The way back is the same: either reads the dynamic.map of the other, and takes the TUN device of
   the other where that has the right number of queues: ` + "`tayga --mktun`" + ` makes a device with one, as Tayga 0.9.2 wants it,
   unless the file has ` + "`workers`" + `, which only its successors know. ` + "`taygo mktun`" + ` makes one with several.

## What stays

* Every flag of Tayga, as getopt_long reads them; words that are no flags are passed over. The exit status of a failure
  is 1, and its message is on standard error, too.
* Every directive of Tayga 0.9.2 and of its successors, with the same grammar; where one version refuses what the other
  takes, taygo takes it, and warns. [directives.md](directives.md) lists them, and those that Tayga does not know.
* The address that a host gets of the dynamic pool, the life of a lease, and the format of dynamic.map.
* What ` + "`log`" + ` prints about a packet.

## What changes

Tayga is 0.9.2 here, as in Debian, unless a row says otherwise. A test gives thousands of packets to both, and fails at
a difference that is not in this table. Numbers such as 3/4 are type and code of an ICMP message.

| | Tayga | taygo | why |
|---|---|---|---|
`

const fromTaygaNotes = `
## What you may notice

| | |
|---|---|
`

func fromTayga() string {
	var table, notes strings.Builder
	for _, d := range beside.Differences() {
		fmt.Fprintf(&table, "| %s | %s | %s | %s |\n", d.Name, cell(d.Tayga), cell(d.Taygo), cell(d.Why))
		if d.Operator != "" {
			fmt.Fprintf(&notes, "| %s | %s |\n", d.Name, cell(d.Operator))
		}
	}
	return fromTaygaHead + table.String() + fromTaygaNotes + notes.String()
}
