"""Matchers that fail, to be found by name on the workers."""

import os
import signal

import qice.batches


class KillsOnce(qice.batches.Matcher):
    """Its first worker that sees the firm dies; whoever comes next does not."""

    def arm(self, firm, flag):
        self.firm, self.flag = firm, str(flag)
        return self

    def result(self, firms):
        if self.firm in set(firms["uscc"]) and not os.path.exists(self.flag):
            open(self.flag, "w").close()
            os.kill(os.getpid(), signal.SIGKILL)
        return super().result(firms)


class Poisoned(qice.batches.Matcher):
    """One firm kills every worker that sees it, another raises."""

    def arm(self, kills, raises):
        self.kills, self.raises = kills, raises
        return self

    def result(self, firms):
        ids = set(firms["uscc"])
        if self.kills in ids:
            os.kill(os.getpid(), signal.SIGKILL)
        if self.raises in ids:
            raise RuntimeError("no")
        return super().result(firms)
