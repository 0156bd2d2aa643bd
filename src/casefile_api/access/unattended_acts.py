"""What the worker and the command line do, each with its word of DPA 2018 s.62; null where it touches nobody's data.

The same table as that of operations, for acts that no call begins. An act without a row cannot be recorded, and so
cannot happen. Every command is in one of the two lists below: what it records, or why it records nothing.
"""

from collections.abc import Mapping

from casefile_api.access.permissions import Operation62

_NONE = None

UNATTENDED: Mapping[str, Operation62 | None] = {
    # The worker.
    "find_due_deadlines": _NONE,
    "raise_deadline": Operation62.ALTERATION,
    "find_run_out_break_glass": _NONE,
    "run_out_break_glass": Operation62.ALTERATION,
    "announce_checkpoint": _NONE,
    "raise_log_alarm": _NONE,
    "check_log": _NONE,
    "verify_attachment": Operation62.ALTERATION,
    "hold_attachment": Operation62.ALTERATION,
    "hold_attachments": _NONE,
    "recheck_attachment": Operation62.CONSULTATION,
    "recheck_attachments": _NONE,
    "build_bundle": Operation62.COMBINATION,
    "abandon_upload": Operation62.ERASURE,
    "give_up_upload": Operation62.ERASURE,
    "expire_bundles": Operation62.ERASURE,
    "remove_kept_attachments": _NONE,
    "disable_webhook_endpoint": _NONE,
    "mark_webhook_endpoint": _NONE,
    # The command line.
    "migrate_tables": _NONE,
    "add_client": _NONE,
    "rotate_client_key": _NONE,
    "revoke_client": _NONE,
    "load_organisations": _NONE,
    "load_staff": Operation62.COLLECTION,
    "load_file_standards": _NONE,
    "replay_verdicts": Operation62.CONSULTATION,
    "rotate_token_key": _NONE,
    "retire_token_key": _NONE,
    "rotate_log_key": _NONE,
    "retire_log_key": _NONE,
    "open_successor_log": _NONE,
    "detach_log_period": _NONE,
    "attach_log_period": _NONE,
    "ask_for_erasure": _NONE,
    "confirm_erasure": Operation62.ERASURE,
    "ask_for_case_erasure": _NONE,
    "confirm_case_erasure": Operation62.ERASURE,
    "tell_downloads": Operation62.COLLECTION,
}

COMMANDS: Mapping[str, str] = {
    "migrate": "migrate_tables",
    "clients add": "add_client",
    "clients rotate": "rotate_client_key",
    "clients revoke": "revoke_client",
    "organisations load": "load_organisations",
    "staff load": "load_staff",
    "standards load": "load_file_standards",
    "standards replay": "replay_verdicts",
    "keys rotate": "rotate_token_key",
    "keys retire": "retire_token_key",
    "keys rotate-log": "rotate_log_key",
    "keys retire-log": "retire_log_key",
    "audit recover": "open_successor_log",
    "audit detach": "detach_log_period",
    "audit attach": "attach_log_period",
    "audit erase ask": "ask_for_erasure",
    "audit erase confirm": "confirm_erasure",
    "case-files erase ask": "ask_for_case_erasure",
    "case-files erase confirm": "confirm_case_erasure",
    "read-access-log": "tell_downloads",
}

COMMANDS_UNRECORDED: Mapping[str, str] = {
    "demo": "it calls the API, which records every call",
    "simulate": "it calls the API, which records every call",
    "upload": "it calls the API, which records every call",
    "download": "it calls the API, which records every call",
    "sandbox": "it registers through the acts above, and serves",
    "serve": "it serves; every call is recorded",
    "worker": "it works; every act is recorded",
    "sequencer": "it gives entries their place in the log",
    "api-process": "a process of serve",
    "worker-process": "a process of worker",
    "doctor": "it writes and removes objects of its own",
    "listen": "it calls the API, which records every call",
    "try-receiver": "it sends examples, nobody's data",
    "export-openapi": "it describes the API",
    "code-lists check": "it reads lists",
    "report early-advice": "it calls the API, which records every call",
    "standards list": "it shows rules",
    "standards test": "it tries rules on files made for it",
    "clients list": "it shows systems and their public keys, nobody's data",
    "keys list": "it shows public keys",
    "keys list-log": "it shows public keys",
    "audit erase list": "it shows acts that are entries themselves",
    "audit verify": "it shows hashes and what is wrong with them",
    "bundle verify": "it reads a file, without the service",
    "audit verify-export": "it reads a file, without the service",
    "audit witness": "it is run by somebody else, and sees checkpoints",
}
