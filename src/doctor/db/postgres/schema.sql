-- What is in a database, a line for each thing that a migration makes, in an order that does not depend on when it was made.
WITH own AS (SELECT oid, nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema')
SELECT line FROM (
  SELECT format('schema %s', nspname) AS line FROM own
  UNION ALL
  SELECT format('relation %s %s.%s', c.relkind, n.nspname, c.relname)
    FROM pg_class c JOIN own n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
  UNION ALL
  SELECT format('column %s.%s.%s %s%s%s%s%s', n.nspname, c.relname, a.attname, format_type(a.atttypid, a.atttypmod),
      CASE WHEN a.attnotnull THEN ' not null' ELSE '' END, coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), ''),
      CASE WHEN a.attidentity <> '' THEN ' identity ' || a.attidentity::text ELSE '' END,
      CASE WHEN a.attgenerated <> '' THEN ' generated' ELSE '' END)
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN own n ON n.oid = c.relnamespace
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
  UNION ALL
  SELECT format('constraint %s.%s %s %s', n.nspname, coalesce(c.relname, ''), k.conname, pg_get_constraintdef(k.oid))
    FROM pg_constraint k JOIN own n ON n.oid = k.connamespace LEFT JOIN pg_class c ON c.oid = k.conrelid
  UNION ALL
  SELECT format('index %s%s', pg_get_indexdef(i.indexrelid), CASE WHEN i.indisvalid THEN '' ELSE ' INVALID' END)
    FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN own n ON n.oid = c.relnamespace
  UNION ALL
  SELECT format('sequence %s.%s %s from %s to %s by %s', n.nspname, c.relname, format_type(s.seqtypid, NULL), s.seqstart, s.seqmax, s.seqincrement)
    FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid JOIN own n ON n.oid = c.relnamespace
  UNION ALL
  SELECT format('function %s.%s(%s) %s', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid), md5(pg_get_functiondef(p.oid)))
    FROM pg_proc p JOIN own n ON n.oid = p.pronamespace WHERE p.prokind IN ('f', 'p')
  UNION ALL
  SELECT format('view %s.%s %s', n.nspname, c.relname, md5(pg_get_viewdef(c.oid)))
    FROM pg_class c JOIN own n ON n.oid = c.relnamespace WHERE c.relkind IN ('v', 'm')
  UNION ALL
  SELECT format('trigger %s', pg_get_triggerdef(t.oid))
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN own n ON n.oid = c.relnamespace WHERE NOT t.tgisinternal
  UNION ALL
  SELECT format('policy %s on %s.%s', p.polname, n.nspname, c.relname)
    FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid JOIN own n ON n.oid = c.relnamespace
  UNION ALL
  SELECT format('type %s.%s %s', n.nspname, t.typname,
      coalesce((SELECT string_agg(e.enumlabel, ', ' ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid), t.typtype::text))
    FROM pg_type t JOIN own n ON n.oid = t.typnamespace WHERE t.typtype IN ('e', 'd', 'r')
  UNION ALL
  SELECT format('extension %s %s', extname, extversion) FROM pg_extension
) AS lines ORDER BY line COLLATE "C"
