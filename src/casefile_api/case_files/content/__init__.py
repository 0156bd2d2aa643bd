"""The evidential content of a case file: what police say of the suspects, the offences, the material and the enquiries.

The models of this package judge what was sent and describe it; they never write it. A content is kept, hashed and
served exactly as it was parsed.
"""

from casefile_api.case_files.content.whole import CaseContent, complete_example, content_faults, example

__all__ = ["CaseContent", "complete_example", "content_faults", "example"]
