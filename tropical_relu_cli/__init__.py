"""What the commands ``tropical`` and ``relu-learn`` share: how they start and how they end.

It stands beside both packages because importing either may fail, and that must not look like a verdict.

Exit codes: 0 proved or done, and the result was written; 1 refuted, of ``tropical check``: the proof fails; 2 usage or
input error, or a file that was named cannot be written; 3 unknown or budget exhausted; 70 a defect of the program or of
its installation, or too little memory; 74 the result could not be written to standard output (closed, a reader that
went away, a full disk); 130 Ctrl-C. What cannot be written to standard error is dropped and changes nothing.
"""

DONE, REFUTED, BAD_INPUT, UNKNOWN, DEFECT, UNWRITTEN, INTERRUPTED = 0, 1, 2, 3, 70, 74, 130
