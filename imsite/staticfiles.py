from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedModules(CompressedManifestStaticFilesStorage):
    """Hashed file names for style sheets and for ES modules, whose relative imports are rewritten too."""

    support_js_module_import_aggregation = True
