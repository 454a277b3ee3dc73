"""All forms."""

from __future__ import annotations

import forms
import forms_changes
import forms_errors
import forms_flow
import forms_modules
import forms_objects
import forms_uses

# Every form of the statement; and what programs do around imports, in every way thought of.
STATEMENTS = [form for file in (forms, forms_errors, forms_changes) for form in file.FORMS]
SURROUNDINGS = [
    form for file in (forms_modules, forms_flow, forms_objects, forms_uses) for form in file.FORMS
]

FORMS = STATEMENTS + SURROUNDINGS
NAMES = [form.name for form in FORMS]
assert len(set(NAMES)) == len(NAMES), "two forms have one name"
BY_NAME = dict(zip(NAMES, FORMS))
