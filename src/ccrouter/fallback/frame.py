"""What every compiled file ends with: the parts that are alike whatever the rules say."""

from ccrouter.fallback.text import PREFIX

FRAME = f"""\
[{PREFIX}-plan]
; Adds the step ARG2 by the state ARG1 of its destination: free, late, closed. What is late does not come first.
exten => add,1,GotoIf($["${{ARG1}}" = "closed"]?done)
 same => n,GotoIf($["${{ARG1}}" = "late" & "${{steps}}" = ""]?late)
 same => n,Set(steps=${{steps}}&${{ARG2}})
 same => n(done),Return()
 same => n(late),Set(postponed=${{postponed}}&${{ARG2}})
 same => n,Return()
exten => end,1,Set(CCROUTER_PLAN=v1||${{service}}|${{rule}}|${{treatment}}${{steps}}${{postponed}}&${{last}})
 same => n,Return()

[{PREFIX}-levels]
exten => unknown,1,Return(1)

[{PREFIX}-sites]
exten => late,1,Return(late)
exten => closed,1,Return(closed)

[{PREFIX}-turn]
; Smooth weighted rotation: share ARG1 of weights ARG2, of which ARG3 tells with 1 or 0 which can take the call now.
; Returns whose turn it is, 0 for nobody. Kept are the last turn, what it took, and the credit of every part.
exten => s,1,Set(LOCAL(turn)=0)
 same => n,GotoIf($["${{ARG3}}" = "${{FILTER(0,${{ARG3}})}}"]?nobody)
 same => n,Set(LOCAL(locked)=${{LOCK(ccrouter-turns)}})
 same => n,Set(LOCAL(credits)=${{CCROUTER_TURN_${{ARG1}}_${{ARG3}}}})
 same => n,Set(LOCAL(before)=0${{SHIFT(credits,|)}})
 same => n,Set(LOCAL(took)=0${{SHIFT(credits,|)}})
 same => n,Set(LOCAL(weights)=${{ARG2}})
 same => n,Set(LOCAL(part)=0)
 same => n,Set(LOCAL(total)=0)
 same => n,Set(LOCAL(best)=-1000000000000)
 same => n,Set(LOCAL(kept)=)
 same => n,Set(LOCAL(weight)=)
 same => n,Set(LOCAL(credit)=)
 same => n(next),Set(weight=${{SHIFT(weights,|)}})
 same => n,GotoIf($["${{weight}}" = ""]?told)
 same => n,Set(part=$[${{part}} + 1])
 same => n,Set(credit=${{SHIFT(credits,|)}})
 same => n,Set(credit=${{IF($["${{credit}}" = ""]?0:${{credit}})}})
 same => n,ExecIf($[${{part}} = ${{before}}]?Set(credit=$[${{credit}} - ${{took}}]))
 same => n,GotoIf($[${{ARG3:$[${{part}} - 1]:1}} = 0]?keep)
 same => n,Set(credit=$[${{credit}} + ${{weight}}])
 same => n,Set(total=$[${{total}} + ${{weight}}])
 same => n,GotoIf($[${{credit}} <= ${{best}}]?keep)
 same => n,Set(best=${{credit}})
 same => n,Set(turn=${{part}})
 same => n(keep),Set(kept=${{kept}}|${{credit}})
 same => n,Goto(next)
 same => n(told),Set(GLOBAL(CCROUTER_TURN_${{ARG1}}_${{ARG3}})=${{turn}}|${{total}}${{kept}})
 same => n,Set(locked=${{UNLOCK(ccrouter-turns)}})
 same => n(nobody),Return(${{turn}})

[{PREFIX}-lines]
; How many lines of a site, of the group ARG1, this PABX may use: those that a router lent it, else its own, ARG2.
exten => s,1,Set(LOCAL(lines)=${{ARG2}})
 same => n,Set(LOCAL(lent)=${{GLOBAL(CCROUTER_LINES_${{ARG1}})}})
 same => n,GotoIf($[${{LEN(${{lent}})}} = 0 | "${{CUT(lent,/,2)}}" != "${{GLOBAL(CCROUTER_LINES)}}"]?told)
 same => n,Set(lines=${{CUT(lent,/,1)}})
 same => n(told),Return(0${{FILTER(0-9,${{lines}})}})

[{PREFIX}-paused]
; How many members of the queue ARG1 are paused and free of calls.
exten => s,1,Set(LOCAL(members)=${{QUEUE_MEMBER_LIST(${{ARG1}})}})
 same => n,Set(LOCAL(paused)=0)
 same => n,Set(LOCAL(member)=)
 same => n(next),Set(member=${{SHIFT(members)}})
 same => n,GotoIf($["${{member}}" = ""]?told)
 same => n,GotoIf($[0${{QUEUE_MEMBER(${{ARG1}},paused,${{member}})}} = 0]?next)
 same => n,ExecIf($["${{DEVICE_STATE(${{member}})}}" = "NOT_INUSE"]?Set(paused=$[${{paused}} + 1]))
 same => n,Goto(next)
 same => n(told),Return(${{paused}})

[{PREFIX}-trunk]
; Whether an endpoint of PJSIP can be reached, by what qualify found of its contacts: up, down or unknown.
exten => sip,1,Set(LOCAL(aors)=${{PJSIP_ENDPOINT(${{ARG1}},aors)}})
 same => n,GotoIf($["${{aors}}" = ""]?unknown,1)
 same => n,Set(LOCAL(seen)=down)
 same => n,Set(LOCAL(aor)=)
 same => n,Set(LOCAL(contacts)=)
 same => n,Set(LOCAL(contact)=)
 same => n,Set(LOCAL(status)=)
 same => n(aor),Set(aor=${{SHIFT(aors)}})
 same => n,GotoIf($["${{aor}}" = ""]?told)
 same => n,Set(contacts=${{PJSIP_AOR(${{aor}},contact)}})
 same => n(contact),Set(contact=${{SHIFT(contacts)}})
 same => n,GotoIf($["${{contact}}" = ""]?aor)
 same => n,Set(status=${{PJSIP_CONTACT(${{contact}},status)}})
 same => n,GotoIf($["${{status}}" = "Reachable"]?up,1)
 same => n,ExecIf($["${{status}}" != "Unreachable" & "${{status}}" != "Removed"]?Set(seen=unknown))
 same => n,Goto(contact)
 same => n(told),Return(${{seen}})
exten => other,1,Set(LOCAL(status)=${{DEVICE_STATE(${{ARG1}})}})
 same => n,GotoIf($["${{status}}" = "" | "${{status}}" = "UNKNOWN"]?unknown,1)
 same => n,Return(${{IF($["${{status}}" = "UNAVAILABLE" | "${{status}}" = "INVALID"]?down:up)}})
exten => up,1,Return(up)
exten => unknown,1,Return(unknown)
"""
