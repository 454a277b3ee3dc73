"""architectures: for which GPUs code is compiled."""

ArchitecturesInfo = provider("GPUs by compute capability", fields = ["names"])

def _architectures_impl(ctx):
    names = ctx.build_setting_value.split(",")
    for name in names:
        if not name or [c for c in name.elems() if not c.isdigit()]:
            fail("%s is %r; expected numbers such as 90 or 80,90" % (ctx.label, ctx.build_setting_value))
    return [ArchitecturesInfo(names = names)]

architectures = rule(
    implementation = _architectures_impl,
    doc = "Compute capabilities without their dot, with commas between them. The last one also gets PTX, for newer ones.",
    build_setting = config.string(flag = True),
)
